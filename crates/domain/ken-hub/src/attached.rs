//! Attachments that no record holds: what came with them is filed, and says that they are left out.
//!
//! # Invariants
//!
//! - A message is not refused for what is enclosed with it: the text may be of harm, and a person
//!   who opens a queue may come too late.
//! - What is left out is said in its place, with its kind and size; the message is kept whole.
//! - Words are never left out: what is too large by its words alone is refused.

use ken_fhir::attachment;
use ken_records::BODY_BYTES_MAX;
use serde_json::{Map, Value, json};

/// Most bytes of a resource with what is enclosed, with room for the names that filing gives it.
const ROOM: usize = BODY_BYTES_MAX - (64 << 10);
/// Least bytes for which anything is left out. House policy: words are shorter, and a thousand
/// small pieces are no attachment.
const WORTH: usize = 64 << 10;

/// The lists in which attachments stand, and the element of an item that is one.
const PLACES: [(&str, &str); 2] = [("content", "attachment"), ("extension", "valueAttachment")];

/// Where an attachment stands: the bytes of its data, its place in [`PLACES`], and in the list.
type At = (usize, usize, usize);

/// Leaves out the largest attachments until the rest can be held. Says whether any was.
pub(crate) fn fit(resource: &mut Value) -> bool {
    let mut is_cut = false;
    while let Some(at) = largest(resource) {
        let is_held = serde_json::to_vec(resource).is_ok_and(|bytes| bytes.len() <= ROOM);
        if is_held || !leave_out(resource, at) {
            break;
        }
        is_cut = true;
    }
    is_cut
}

/// The largest attachment that is worth leaving out.
fn largest(resource: &Value) -> Option<At> {
    let lists = PLACES.iter().enumerate().flat_map(|(place, (list, element))| {
        let items = resource.get(list).and_then(Value::as_array).into_iter().flatten();
        items.enumerate().filter_map(move |(at, item)| {
            let one = item.get(element)?;
            let is_words = text_of(one, "contentType").starts_with("text/plain");
            (!is_words).then(|| (text_of(one, "data").len(), place, at))
        })
    });
    lists.filter(|(bytes, ..)| *bytes >= WORTH).max()
}

fn text_of<'v>(one: &'v Value, element: &str) -> &'v str {
    one.get(element).and_then(Value::as_str).unwrap_or_default()
}

/// Puts words in the place of an attachment. False where there is none.
fn leave_out(resource: &mut Value, (bytes, place, at): At) -> bool {
    let Some((list, element)) = PLACES.get(place) else { return false };
    let items = resource.get_mut(list).and_then(Value::as_array_mut);
    let item = items.and_then(|items| items.get_mut(at)).and_then(Value::as_object_mut);
    let Some(gone) = item.and_then(|item| stand_in(item, element, bytes)) else { return false };
    // What is found has no sections: it says it in a note.
    if *list == "extension"
        && let Some(resource) = resource.as_object_mut()
    {
        let notes = resource.entry("note").or_insert_with(|| json!([]));
        if let Some(notes) = notes.as_array_mut() {
            notes.push(json!({ "text": gone }));
        }
    }
    true
}

/// Puts what is said of an attachment in its place, and gives it.
fn stand_in(item: &mut Map<String, Value>, element: &str, bytes: usize) -> Option<String> {
    let one = item.get(element)?;
    let (kind, title) = (text_of(one, "contentType"), text_of(one, "title"));
    let kind = if kind.is_empty() { "of no known kind" } else { kind };
    let (size, most) = (megabytes(bytes / 4 * 3), megabytes(BODY_BYTES_MAX));
    let said = format!(
        "An attachment ({kind}, {size}) was not taken: a record holds at most {most}. The message \
         that brought it is kept whole; ask its sender for the attachment."
    );
    let words = Value::from(attachment(title, &said));
    item.insert(element.to_owned(), words);
    Some(said)
}

/// A number of bytes as people read it.
fn megabytes(bytes: usize) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use ken_fhir::{DocumentReference, Resource};

    use super::*;

    fn document(sizes: &[usize], words: usize) -> Value {
        let enclosed = sizes.iter().map(|size| {
            json!({"attachment": {"contentType": "application/pdf", "title": "Scan",
                "data": "A".repeat(*size)}})
        });
        let text = Value::from(attachment("What happened", &"x".repeat(words)));
        let contents: Vec<_> = enclosed.chain([json!({ "attachment": text })]).collect();
        json!({"resourceType": "DocumentReference", "content": contents})
    }

    #[test]
    fn the_largest_are_left_out_until_the_rest_can_be_held() {
        let check = |sizes: &[usize], words: usize, left: &[&str]| {
            let mut fitted = document(sizes, words);
            let before = fitted.clone();
            assert_eq!(fit(&mut fitted), !left.is_empty(), "{sizes:?} {words}");
            assert!(!left.is_empty() || fitted == before);
            let document = Resource::of(fitted).unwrap();
            let document = DocumentReference::of(&document).unwrap();
            let said = document.sections().filter(|one| one.title == "Scan");
            let said: Vec<_> = said.map(|one| one.text).collect();
            let want = |size: &&str| {
                format!(
                    "An attachment (application/pdf, {size}) was not taken: a record holds at \
                     most 4.0 MB. The message that brought it is kept whole; ask its sender for \
                     the attachment."
                )
            };
            assert_eq!(said, left.iter().map(want).collect::<Vec<_>>(), "{sizes:?} {words}");
        };
        let mega = 1 << 20;
        check(&[], 10, &[]);
        check(&[mega, mega, mega], 10, &[]);
        check(&[5 * mega], 10, &["3.7 MB"]);
        check(&[mega, 12 * mega, mega], 10, &["9.0 MB"]);
        check(&[2 * mega, 2 * mega, mega / 2], 10, &["1.5 MB"]);
        // What is said is never left out: then nothing can be held.
        check(&[], 4 * mega, &[]);
    }

    #[test]
    fn what_was_found_says_so_in_a_note() {
        let mut found = json!({"resourceType": "Observation", "extension": [
            {"url": "u", "valueAttachment": {"contentType": "image/png",
                "data": "A".repeat(5 << 20)}}]});
        assert!(fit(&mut found));
        let note = found["note"][0]["text"].as_str().unwrap();
        assert!(note.starts_with("An attachment (image/png, 3.7 MB) was not taken"), "{note}");
        assert!(serde_json::to_vec(&found).unwrap().len() < 2_000);
    }
}
