//! Work on many things, shared by two threads.

/// From how many on the work is shared with a second thread.
const SHARED_FROM: usize = 512;

/// Does the same with all of many, and gives what comes of them in their order. Many are shared with a second thread.
///
/// # Errors
///
/// Those of `one`: the first of each thread's.
pub fn spread<T: Send, U: Send, E: Send>(
    items: impl IntoIterator<Item = T>,
    one: impl Fn(T) -> Result<U, E> + Sync,
) -> Result<Vec<U>, E> {
    let mut here: Vec<T> = items.into_iter().collect();
    if here.len() < SHARED_FROM {
        return here.into_iter().map(one).collect();
    }
    let mut all = Vec::with_capacity(here.len());
    let there = here.split_off(here.len() / 2);
    std::thread::scope(|threads| {
        let there = threads.spawn(|| there.into_iter().map(&one).collect::<Result<Vec<_>, E>>());
        for item in here {
            all.push(one(item)?);
        }
        match there.join() {
            Ok(there) => all.extend(there?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok(all)
    })
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_panic_of_either_half_is_a_panic_of_who_asked() {
        let many = SHARED_FROM * 2;
        for bad in [0, many - 1] {
            let panics = |one| {
                assert!(one != bad, "a panic");
                Ok::<_, ()>(one)
            };
            let ended = catch_unwind(AssertUnwindSafe(|| spread(0..many, panics)));
            assert!(ended.is_err(), "{bad}");
        }
    }

    #[test]
    fn order_is_kept_and_an_error_of_either_half_is_told() {
        for many in [0, 1, SHARED_FROM - 1, SHARED_FROM, SHARED_FROM * 3 + 1] {
            let doubled = spread(0..many, |one| Ok::<_, usize>(one * 2));
            assert_eq!(doubled, Ok((0..many).map(|one| one * 2).collect()));
            for bad in [0, many / 2, many.saturating_sub(1)] {
                let refused = spread(0..many, |one| if one == bad { Err(one) } else { Ok(one) });
                assert_eq!(refused, if many == 0 { Ok(Vec::new()) } else { Err(bad) });
            }
        }
    }
}
