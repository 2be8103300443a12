//! The form that a text must have: what the browser is told of it, and what is let through.

/// Whether the data plane fills a text in, from its environment or from the event: then its form is not known here.
pub(super) fn is_filled_in(text: &str) -> bool {
    let is_template = text.starts_with("{{") && text.ends_with("}}") && text.contains("||");
    is_template
        || text
            .strip_prefix("env.")
            .is_some_and(|name| !name.is_empty())
}

/// A regular expression for the attribute of an input, which has to match all of its text, and which a browser reads by the
/// stricter rules of ECMAScript's flag `v`.
pub(super) fn for_html(regex: &str) -> String {
    let regex = by_the_flag_v(regex);
    format!(r"\{{\{{.*\|\|.*\}}\}}|env\..+|.*(?:{regex}).*")
}

/// The same regular expression by the rules of the flag `v`, as far as they differ: what may be escaped, and what has to be inside
/// of a class.
fn by_the_flag_v(regex: &str) -> String {
    const SYNTAX: &str = r"^$\.*+?()[]{}|/";
    const IN_CLASS: &str = "()[]{}/|&!#%,:;<=>@`~";
    let mut out = String::with_capacity(regex.len() + 16);
    let mut rest = regex.chars().peekable();
    let mut in_class = false;
    // In a class: whether a hyphen that comes now may make a range of what stands before it.
    let mut may_range = false;
    while let Some(one) = rest.next() {
        match one {
            '\\' => {
                let escaped = rest.next().unwrap_or('\\');
                let may = escaped.is_ascii_alphanumeric()
                    || SYNTAX.contains(escaped)
                    || (in_class && (escaped == '-' || IN_CLASS.contains(escaped)));
                if may {
                    out.push('\\');
                }
                out.push(escaped);
                may_range = !"dDwWsSpP".contains(escaped);
            }
            '[' if !in_class => {
                in_class = true;
                may_range = false;
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '-' if in_class => {
                if may_range && rest.peek().is_some_and(|next| *next != ']') {
                    out.push('-');
                    // What comes next ends the range.
                    if let Some(end) = rest.next_if(|next| *next != '\\') {
                        if IN_CLASS.contains(end) {
                            out.push('\\');
                        }
                        out.push(end);
                    }
                } else {
                    out.push_str(r"\-");
                }
                may_range = false;
            }
            one => {
                if in_class && IN_CLASS.contains(one) {
                    out.push('\\');
                }
                out.push(one);
                may_range = true;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::by_the_flag_v;

    #[test]
    fn a_pattern_is_written_by_the_rules_that_browsers_have() {
        for (regex, html) in [
            (
                r"^[a-z0-9][a-z0-9-.]{1,61}$",
                r"^[a-z0-9][a-z0-9\-.]{1,61}$",
            ),
            (r"[\w-]+\-\@[-_(|)]", r"[\w\-]+-@[\-_\(\|\)]"),
            (
                r"(^\{\{.*\|\|(.*)\}\}$)|(^env[.].+)|^(.{0,100})$",
                r"(^\{\{.*\|\|(.*)\}\}$)|(^env[.].+)|^(.{0,100})$",
            ),
            (r"[^\]\-a-]", r"[^\]\-a\-]"),
            (r"[&&!]", r"[\&\&\!]"),
        ] {
            assert_eq!(by_the_flag_v(regex), html, "{regex}");
        }
    }
}
