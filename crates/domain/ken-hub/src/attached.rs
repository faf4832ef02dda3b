//! Attachments that no record holds: what came with them is filed, and says that they are left out.
//!
//! # Invariants
//!
//! - A message is not refused for what is enclosed with it: the text may be of harm, and a person
//!   who opens a queue may come too late.
//! - What is left out is said in its place, with its kind and size; the message is kept whole.
//! - Words are never left out: what is too large by its words alone is refused.
//! - A resource is measured once, however many attachments are left out of it.

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
    let mut worth = worth_leaving_out(resource);
    if worth.is_empty() {
        return false;
    }
    worth.sort_unstable_by(|one, other| other.cmp(one));
    let (mut bytes, mut is_cut) = (length(resource), false);
    for at in worth {
        if bytes <= ROOM {
            break;
        }
        let Some((gone, said)) = leave_out(resource, at) else { break };
        bytes = bytes.saturating_add(said).saturating_sub(gone);
        is_cut = true;
    }
    is_cut
}

/// The attachments that are worth leaving out, in no order.
fn worth_leaving_out(resource: &Value) -> Vec<At> {
    let all = PLACES.iter().enumerate().flat_map(|(place, (list, element))| {
        let items = resource.get(list).and_then(Value::as_array).into_iter().flatten();
        items.enumerate().filter_map(move |(at, item)| {
            let one = item.get(element)?;
            let is_words = text_of(one, "contentType").starts_with("text/plain");
            (!is_words).then(|| (text_of(one, "data").len(), place, at))
        })
    });
    all.filter(|(bytes, ..)| *bytes >= WORTH).collect()
}

fn text_of<'v>(one: &'v Value, element: &str) -> &'v str {
    one.get(element).and_then(Value::as_str).unwrap_or_default()
}

/// Puts words in the place of an attachment. Says how many bytes that takes away and how many it
/// adds; nothing where there is no such.
fn leave_out(resource: &mut Value, (bytes, place, at): At) -> Option<(usize, usize)> {
    let (list, element) = PLACES.get(place)?;
    let items = resource.get_mut(list).and_then(Value::as_array_mut)?;
    let item = items.get_mut(at)?.as_object_mut()?;
    let gone = length(item.get(*element)?);
    let said = stand_in(item, element, bytes)?;
    let mut added = length(item.get(*element)?);
    // What is found has no sections: it says it in a note.
    if *list == "extension"
        && let Some(resource) = resource.as_object_mut()
    {
        let is_first = !resource.contains_key("note");
        let notes = resource.entry("note").or_insert_with(|| json!([]));
        if let Some(notes) = notes.as_array_mut() {
            let note = json!({ "text": said });
            // With what parts it from the notes or elements before it.
            added += length(&note) + if is_first { r#","note":[]"#.len() } else { 1 };
            notes.push(note);
        }
    }
    Some((gone, added))
}

/// How many bytes a value has as compact JSON.
fn length(value: &Value) -> usize {
    /// Counts what is written, and keeps none of it.
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What cannot be written cannot be held.
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
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

    #[test]
    fn what_is_left_out_is_counted_to_the_byte() {
        let mut seed = 7_u64;
        let mut roll = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            (seed >> 33) % below
        };
        let mut cut = 0;
        for _ in 0..6 {
            let mut resource = json!({"resourceType": "Observation", "status": "final"});
            for (list, element) in PLACES {
                let one = |size: u64| {
                    let data = "A".repeat(usize::try_from(size).unwrap());
                    json!({element: {"contentType": "image/png", "title": "Sc\"an", "data": data}})
                };
                let many: Vec<_> = (0..roll(8)).map(|_| one((1 << 14) + roll(1 << 20))).collect();
                if !many.is_empty() {
                    resource[list] = Value::from(many);
                }
            }
            if roll(2) == 0 {
                resource["note"] = json!([{"text": "Before."}]);
            }
            let mut worth = worth_leaving_out(&resource);
            worth.sort_unstable();
            let mut bytes = length(&resource);
            let mut fitted = resource.clone();
            cut += usize::from(fit(&mut fitted));
            // One by one, measured whole each time.
            while bytes > ROOM
                && let Some(at) = worth.pop()
            {
                let (gone, added) = leave_out(&mut resource, at).unwrap();
                let now = serde_json::to_vec(&resource).unwrap().len();
                assert_eq!(bytes + added - gone, now);
                bytes = now;
            }
            assert!(fitted == resource, "another is left out than the largest");
        }
        assert!(cut > 1, "{cut} were cut");
    }
}
