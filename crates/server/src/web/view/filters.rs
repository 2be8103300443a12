//! Filters that templates use: `"check"|icon`, `184223|number`, `"annals.css"|asset`, `id|short`.

#![expect(
    unreachable_pub,
    clippy::inline_always,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "askama wants a Result from every filter, and this is what it makes of one"
)]

use std::fmt::Display;

use askama::filters::{Escaper as _, Html, Safe};
use askama::{Result, Values, filter_fn};

/// One sign of the sprite in `parts/icons.html`, hidden from screen readers: a word beside it says the same.
#[filter_fn]
pub(super) fn icon(name: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(format!(
        r##"<svg class="i" viewBox="0 0 16 16" aria-hidden="true"><use href="#i-{name}"/></svg>"##
    )))
}

/// 184223 as `184,223`.
#[filter_fn]
pub(super) fn number(n: impl Display, _: &dyn Values) -> Result<String> {
    Ok(thousands(&n.to_string()))
}

/// The address of an asset, with the hash of its content.
#[filter_fn]
pub(super) fn asset(name: &str, _: &dyn Values) -> Result<String> {
    Ok(super::asset::asset(name))
}

/// The end of a long id, which is what a person compares: ids begin alike when they were made at the same time.
#[filter_fn]
pub(super) fn short(id: &str, _: &dyn Values) -> Result<String> {
    Ok(shorten(id))
}

/// An e-mail address that a line breaks at its sign and dots, where it has to.
#[filter_fn]
pub(super) fn address(email: &str, _: &dyn Values) -> Result<Safe<String>> {
    breakable(email).map(Safe)
}

pub(super) fn breakable(email: &str) -> Result<String> {
    let mut out = String::with_capacity(email.len() + 16);
    Html.write_escaped_str(&mut out, email)?;
    Ok(out.replace('@', "<wbr>@").replace('.', "<wbr>."))
}

// The filter takes whatever shows itself as a whole number: templates hand over references of any depth.
pub(super) fn thousands(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

pub(super) fn shorten(id: &str) -> String {
    let length = id.chars().count();
    if length <= 12 {
        id.to_owned()
    } else {
        format!("…{}", id.chars().skip(length - 6).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::{breakable, shorten, thousands};

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(thousands("0"), "0");
        assert_eq!(thousands("999"), "999");
        assert_eq!(thousands("1000"), "1,000");
        assert_eq!(thousands("12345678"), "12,345,678");
    }

    #[test]
    fn an_address_breaks_at_its_sign_and_dots_and_is_only_text() {
        let shown = breakable("fay.w@example.com").expect("written");
        assert_eq!(shown, "fay<wbr>.w<wbr>@example<wbr>.com");
        let hostile = breakable("<b>\"&@x").expect("written");
        assert_eq!(hostile, "&#60;b&#62;&#34;&#38;<wbr>@x");
    }

    #[test]
    fn a_long_id_keeps_its_end() {
        assert_eq!(shorten("2CHj1PJ6uNqtjkAtnTnPGkQ0Vx9"), "…kQ0Vx9");
        assert_eq!(shorten("trf_2Nq4Lw"), "trf_2Nq4Lw");
    }
}
