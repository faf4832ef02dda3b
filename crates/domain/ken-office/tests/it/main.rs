//! The governance office over real databases, on every engine there is.

#[cfg(test)]
mod adoption;
#[cfg(test)]
mod advice;
#[cfg(test)]
mod affected;
#[cfg(test)]
mod asked_back;
#[cfg(test)]
mod assess;
#[cfg(test)]
mod breach;
#[cfg(test)]
mod consult;
#[cfg(test)]
mod disposal;
#[cfg(test)]
mod drafting;
#[cfg(test)]
mod due;
#[cfg(test)]
mod exit;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod guardian;
#[cfg(test)]
mod history;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod notice;
#[cfg(test)]
mod parties;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod recommend;
#[cfg(test)]
mod registers;
#[cfg(test)]
mod repeats;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod succession;
#[cfg(test)]
mod world;
#[cfg(test)]
mod wrong_person;
