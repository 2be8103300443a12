//! Reading what comes next while what was read before is written.

use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

use store::Error;

use super::ExportError;

/// How many threads read slices.
const READERS: usize = 2;
/// How many slices are begun, or wait to be written, besides those.
const WAITING: usize = 4;
/// How much of a slice waits to be written: a piece, and that it was the last.
const PIECES: usize = 2;

fn panicked() -> ExportError {
    Error::Internal("reading the log panicked".to_owned()).into()
}

/// Has slices read by two threads, each as `next` says which, while `take` takes what was read before, in the order of `next`.
/// Whoever reads gives the pieces of a slice, one after another, to its argument, until that takes none. It ends with the first
/// error; a thread that panics ends it with one, too.
pub(super) fn in_order<S: Send, T: Send>(
    next: impl FnMut() -> Option<Result<S, ExportError>> + Send,
    read: impl Fn(S, &mut dyn FnMut(T) -> bool) -> Result<(), ExportError> + Sync,
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
                    let (sender, receiver) = sync_channel(PIECES);
                    let slice = {
                        // Where the other one panicked in it, a slice may be lost: nothing comes after that.
                        let Ok(mut next) = next.lock() else { return };
                        let Some(slice) = next() else { return };
                        // Whoever wrote and has ended says why.
                        if order.send(receiver).is_err() {
                            return;
                        }
                        slice
                    };
                    let give = &mut |piece| sender.send(Ok(Some(piece))).is_ok();
                    let read = slice.and_then(|slice| read(slice, give));
                    // Without this end it panicked. After an error nothing is written.
                    let is_read = read.is_ok();
                    if sender.send(read.map(|()| None)).is_err() || !is_read {
                        return;
                    }
                }
            })
        });
        drop(order);
        let taken = slices.into_iter().try_for_each(|slice| {
            let next =
                || -> Result<Option<T>, ExportError> { slice.recv().map_err(|_| panicked())? };
            while let Some(piece) = next()? {
                take(piece)?;
            }
            Ok(())
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
            |number, give| {
                assert!(give(number * 2) && give(number * 2 + 1), "they are wanted");
                Ok(())
            },
            |number| {
                taken.push(number);
                Ok(())
            },
        );
        assert!(done.is_ok(), "{done:?}");
        assert_eq!(taken, (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn a_reader_that_panics_ends_an_export_with_an_error() {
        for in_next in [true, false] {
            let mut numbers = 0..20;
            let done = in_order(
                || {
                    let number = numbers.next()?;
                    assert!(number != 5 || !in_next, "a panic");
                    Some(Ok(number))
                },
                |number, give| {
                    assert!(give(number), "it is wanted");
                    assert!(number != 5, "a panic");
                    Ok(())
                },
                |number| {
                    assert!(number < 6, "what comes after a gap is not written");
                    Ok(())
                },
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
            |number, give| {
                // Part of the slice came before that.
                let _ = give(number);
                if number == 5 {
                    Err(full_disk())
                } else {
                    Ok(())
                }
            },
            |number| {
                taken.push(number);
                Ok(())
            },
        );
        assert!(matches!(done, Err(ExportError::Write(_))), "{done:?}");
        assert_eq!(taken, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn an_export_that_cannot_be_written_ends_its_readers_and_says_why() {
        let read = AtomicUsize::new(0);
        let done = in_order(
            || Some(Ok(())),
            |(), give| {
                read.fetch_add(1, Ordering::Relaxed);
                while give(()) {}
                Ok(())
            },
            |()| Err(full_disk()),
        );
        assert!(matches!(done, Err(ExportError::Write(_))), "{done:?}");
        assert!(read.into_inner() <= READERS + WAITING + 1);
    }
}
