//! Reading what comes next while what was read before is written.

use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

use store::Error;

use super::ExportError;

/// How many threads read slices.
const READERS: usize = 2;
/// How many slices are begun, or wait to be written, besides those.
const WAITING: usize = 2;
/// How many pieces wait that one thread reads.
const PIECES: usize = 4;

fn panicked() -> ExportError {
    Error::Internal("reading the log panicked".to_owned()).into()
}

/// Has pieces read on a thread of its own, which gives them to its argument until that takes none, while `take` takes what was
/// read before. A thread that panics ends it with an error.
pub(super) fn ahead<T: Send>(
    read: impl FnOnce(&mut dyn FnMut(T) -> bool) -> Result<(), ExportError> + Send,
    mut take: impl FnMut(T) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    std::thread::scope(|threads| {
        let (sender, pieces) = sync_channel(PIECES);
        // Whoever wrote and has ended says why.
        let reading = threads.spawn(move || read(&mut |one| sender.send(one).is_ok()));
        for piece in pieces {
            take(piece)?;
        }
        reading.join().map_err(|_| panicked())?
    })
}

/// Has slices read by two threads, each as `next` says which, while `take` takes what was read before, in the order of `next`. It
/// ends with the first error; a thread that panics ends it with one, too.
pub(super) fn in_order<S: Send, T: Send>(
    next: impl FnMut() -> Option<Result<S, ExportError>> + Send,
    read: impl Fn(S) -> Result<T, ExportError> + Sync,
    mut take: impl FnMut(T) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let next = Mutex::new(next);
    std::thread::scope(|threads| {
        // Each slice comes through a channel of its own, and these are in order.
        let (order, slices) = sync_channel(WAITING);
        let readers = [(); READERS].map(|()| {
            let (order, next, read) = (order.clone(), &next, &read);
            threads.spawn(move || {
                loop {
                    let (sender, receiver) = sync_channel(1);
                    let slice = {
                        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
                        let Some(slice) = next() else { return };
                        // Whoever wrote and has ended says why.
                        if order.send(receiver).is_err() {
                            return;
                        }
                        slice
                    };
                    let done = slice.and_then(read);
                    let is_read = done.is_ok();
                    if sender.send(done).is_err() || !is_read {
                        return;
                    }
                }
            })
        });
        drop(order);
        let taken = slices.into_iter().try_for_each(|slice| {
            let done: Result<T, ExportError> = slice.recv().map_err(|_| panicked())?;
            take(done?)
        });
        let ends = readers.map(|reader| reader.join().map_err(|_| panicked()));
        ends.into_iter().collect::<Result<(), ExportError>>()?;
        taken
    })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn full_disk() -> ExportError {
        io::Error::from(io::ErrorKind::StorageFull).into()
    }

    #[test]
    fn what_is_read_by_two_threads_comes_in_order() {
        let (mut numbers, mut taken) = (0..100, Vec::new());
        let done = in_order(
            || numbers.next().map(Ok),
            |number| Ok(number * 2),
            |number| {
                taken.push(number);
                Ok(())
            },
        );
        assert!(done.is_ok(), "{done:?}");
        assert_eq!(taken, (0..100).map(|one| one * 2).collect::<Vec<_>>());
    }

    #[test]
    fn a_reader_that_panics_ends_an_export_with_an_error() {
        let mut taken = 0;
        let done = ahead(
            |take| {
                assert!(take(()), "it is wanted");
                panic!("a panic")
            },
            |()| {
                taken += 1;
                Ok(())
            },
        );
        let error = done.expect_err("it cannot be whole").to_string();
        assert!(error.contains("panicked") && taken == 1, "{error}");
    }

    #[test]
    fn one_of_several_readers_that_panics_ends_an_export_with_an_error() {
        for in_next in [true, false] {
            let mut numbers = 0..20;
            let done = in_order(
                || {
                    let number = numbers.next()?;
                    assert!(number != 5 || !in_next, "a panic");
                    Some(Ok(number))
                },
                |number| {
                    assert!(number != 5, "a panic");
                    Ok(())
                },
                Ok,
            );
            let error = done.expect_err("it cannot be whole").to_string();
            assert!(error.contains("panicked"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_an_export_and_nothing_after_it_is_written() {
        let (mut numbers, mut taken) = (0..20, Vec::new());
        let done = in_order(
            || numbers.next().map(Ok),
            |number| {
                if number == 5 {
                    Err(full_disk())
                } else {
                    Ok(number)
                }
            },
            |number| {
                taken.push(number);
                Ok(())
            },
        );
        assert!(matches!(done, Err(ExportError::Write(_))), "{done:?}");
        assert_eq!(taken, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn an_export_that_cannot_be_written_ends_its_readers_and_says_why() {
        let done = ahead(
            |take| {
                while take(()) {}
                Ok(())
            },
            |()| Err(full_disk()),
        );
        assert!(matches!(done, Err(ExportError::Write(_))), "{done:?}");
        let read = AtomicUsize::new(0);
        let done = in_order(
            || Some(Ok(())),
            |()| {
                read.fetch_add(1, Ordering::Relaxed);
                Ok(())
            },
            |()| Err(full_disk()),
        );
        assert!(matches!(done, Err(ExportError::Write(_))), "{done:?}");
        assert!(read.into_inner() <= READERS + WAITING + 1);
    }
}
