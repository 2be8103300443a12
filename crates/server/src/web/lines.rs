//! Which lines of a text are others than before.

/// The most comparisons for the shortest difference; beyond, what is between equal beginnings and ends is all other.
const MOST: usize = 4_000_000;
/// How many equal lines are shown around what is other.
const AROUND: usize = 3;

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// It is in both, with its numbers from 1.
    Same(usize, usize, String),
    /// It was there before.
    Gone(usize, String),
    /// It is there now.
    Come(usize, String),
    /// Equal lines that are left out.
    Left(usize),
}

/// The lines that lead from one text to another, with a few equal ones around each change.
pub fn difference(before: &str, after: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - start;
    let ends = old.iter().rev().zip(new.iter().rev());
    let end = ends.take(rest).take_while(|(a, b)| a == b).count();
    let (from, to) = (&old[start..old.len() - end], &new[start..new.len() - end]);

    let mut all = Vec::with_capacity(old.len().max(new.len()));
    let same = |a: usize, b: usize| Line::Same(a + 1, b + 1, new[b].to_owned());
    all.extend((0..start).map(|at| same(at, at)));
    let (mut a, mut b) = (0, 0);
    for (x, y) in common(from, to) {
        all.extend((a..x).map(|at| Line::Gone(start + at + 1, from[at].to_owned())));
        all.extend((b..y).map(|at| Line::Come(start + at + 1, to[at].to_owned())));
        all.push(same(start + x, start + y));
        (a, b) = (x + 1, y + 1);
    }
    all.extend((a..from.len()).map(|at| Line::Gone(start + at + 1, from[at].to_owned())));
    all.extend((b..to.len()).map(|at| Line::Come(start + at + 1, to[at].to_owned())));
    all.extend((0..end).map(|at| same(old.len() - end + at, new.len() - end + at)));
    shortened(all)
}

/// The places of a longest common subsequence.
fn common(from: &[&str], to: &[&str]) -> Vec<(usize, usize)> {
    let width = to.len() + 1;
    if from.is_empty() || to.is_empty() || from.len() * width > MOST {
        return Vec::new();
    }
    let mut longest = vec![0_u32; (from.len() + 1) * width];
    for a in (0..from.len()).rev() {
        for b in (0..to.len()).rev() {
            longest[a * width + b] = if from[a] == to[b] {
                longest[(a + 1) * width + b + 1] + 1
            } else {
                longest[(a + 1) * width + b].max(longest[a * width + b + 1])
            };
        }
    }
    let (mut a, mut b, mut pairs) = (0, 0, Vec::new());
    while a < from.len() && b < to.len() {
        if from[a] == to[b] {
            pairs.push((a, b));
            (a, b) = (a + 1, b + 1);
        } else if longest[(a + 1) * width + b] >= longest[a * width + b + 1] {
            a += 1;
        } else {
            b += 1;
        }
    }
    pairs
}

fn shortened(all: Vec<Line>) -> Vec<Line> {
    let is_other = |line: &Line| !matches!(line, Line::Same(..));
    let others: Vec<usize> = (0..all.len()).filter(|at| is_other(&all[*at])).collect();
    let mut kept = Vec::new();
    let mut left = 0;
    for (at, line) in all.into_iter().enumerate() {
        let next = others.partition_point(|other| *other < at);
        let near = |place: Option<&usize>| place.is_some_and(|other| other.abs_diff(at) <= AROUND);
        let is_near =
            near(others.get(next)) || near(next.checked_sub(1).and_then(|at| others.get(at)));
        if is_near {
            if left > 0 {
                kept.push(Line::Left(left));
                left = 0;
            }
            kept.push(line);
        } else {
            left += 1;
        }
    }
    if left > 0 && !kept.is_empty() {
        kept.push(Line::Left(left));
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn told(before: &str, after: &str) -> String {
        let mut told = String::new();
        for line in difference(before, after) {
            let _ = match line {
                Line::Same(a, b, text) => writeln!(told, "{a} {b}   {text}"),
                Line::Gone(a, text) => writeln!(told, "{a}   - {text}"),
                Line::Come(b, text) => writeln!(told, "  {b} + {text}"),
                Line::Left(count) => writeln!(told, "... {count}"),
            };
        }
        told
    }

    #[test]
    fn what_is_other_stands_with_what_is_around_it() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj";
        assert_eq!(told(before, before), "");
        insta::assert_snapshot!(told(before, "a\nb\nc\nd\ne\nF\ng\nnew\nh\ni\nj"), @r"
        ... 2
        3 3   c
        4 4   d
        5 5   e
        6   - f
          6 + F
        7 7   g
          8 + new
        8 9   h
        9 10   i
        10 11   j
        ");
        assert_eq!(told("", "a\nb"), "  1 + a\n  2 + b\n");
        assert_eq!(told("a\nb", ""), "1   - a\n2   - b\n");
    }

    #[test]
    fn a_difference_leads_from_one_text_to_the_other() {
        let texts = [
            "",
            "a",
            "a\nb",
            "b\na",
            "x\ny\nz",
            "x\nz",
            "a\na\na",
            "a\nb\na\nb",
            "z\nx\ny\nz",
        ];
        for before in texts {
            for after in texts {
                let (mut gone, mut come) = (Vec::new(), Vec::new());
                for line in difference(before, after) {
                    match line {
                        Line::Same(_, _, text) => {
                            gone.push(text.clone());
                            come.push(text);
                        }
                        Line::Gone(_, text) => gone.push(text),
                        Line::Come(_, text) => come.push(text),
                        Line::Left(_) => panic!("short texts are shown whole"),
                    }
                }
                if before != after {
                    assert_eq!(
                        gone,
                        before.lines().collect::<Vec<_>>(),
                        "{before:?} {after:?}"
                    );
                    assert_eq!(
                        come,
                        after.lines().collect::<Vec<_>>(),
                        "{before:?} {after:?}"
                    );
                }
            }
        }
    }
}
