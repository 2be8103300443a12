//! Erasing what is known of a person.

pub mod erase_part;
pub mod erase_person;
