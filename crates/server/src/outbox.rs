//! What waits to be sent, and the ways out: letters by mail, codes by text message. Each way is tried by itself, so that one
//! that hangs keeps nothing else.

use model::id::MessageId;
use store::{Letter, Message, Upkeep, Way};

use crate::app::App;

/// How many messages are taken at once.
const BATCH: i64 = 20;

/// Why a message did not leave.
#[derive(Debug)]
pub(crate) struct Undelivered {
    /// Whether another try is of no use.
    pub(crate) is_final: bool,
    /// What was said, without anything of the message.
    pub(crate) why: String,
}

/// Sends what is due in one way. What cannot be sent is tried again later; what is refused for good is given up.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn deliver(app: &App, way: Way) -> store::Result<usize> {
    let has_way = match way {
        Way::Mail => app.mailer.is_some(),
        Way::Sms => app.texter.is_some(),
    };
    if !has_way {
        return Ok(0);
    }
    let due = app.read(move |rx| rx.due_messages(way, BATCH)).await?;
    let mut sent = 0;
    for message in due {
        if app.store.upkeep(Upkeep::ClaimMessage(message.id)).await? == 0 {
            continue;
        }
        let done = match &message.letter {
            // Whoever it was for has been erased, or its secret opens nothing any more.
            None => Upkeep::GiveUp(message.id),
            Some(letter) => match send(app, message.id, way, letter).await {
                Ok(()) => {
                    sent += 1;
                    Upkeep::Delivered(message.id)
                }
                Err(error) => failed(&message, letter, &error),
            },
        };
        app.store.upkeep(done).await?;
    }
    Ok(sent)
}

async fn send(app: &App, id: MessageId, way: Way, letter: &Letter) -> Result<(), Undelivered> {
    let nobody = || Undelivered {
        is_final: false,
        why: "there is no way out".to_owned(),
    };
    match way {
        Way::Mail => {
            let mailer = app.mailer.as_ref().ok_or_else(nobody)?;
            mailer.send(id, letter).await
        }
        Way::Sms => {
            let texter = app.texter.clone().ok_or_else(nobody)?;
            let letter = letter.clone();
            let work = tokio::task::spawn_blocking(move || texter.send(&letter));
            work.await.unwrap_or_else(|_| Err(nobody()))
        }
    }
}

fn failed(message: &Message, letter: &Letter, error: &Undelivered) -> Upkeep {
    // The address stays out of the log, and so does what the message says.
    let why = error.why.replace(&letter.to, "(address)");
    let (id, tries, way) = (message.id, message.tries + 1, message.way);
    tracing::warn!(message = %id, ?way, tries, why, "a message did not leave");
    if error.is_final {
        Upkeep::GiveUp(message.id)
    } else {
        Upkeep::NotDelivered(message.id)
    }
}
