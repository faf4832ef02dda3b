//! A table that scrolls inside itself, by finger and by keyboard, so that the page never does.

use maud::{Markup, html};

/// A table. The first cell of each row is its header.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    /// Unique on the page.
    pub(crate) id: &'a str,
    /// What the table says.
    pub(crate) caption: &'a str,
    /// The columns' headings; a heading that ends in `#` is of a column of numbers.
    pub(crate) columns: &'a [&'a str],
    /// The rows, each with as many cells as there are columns.
    pub(crate) rows: Vec<Vec<Markup>>,
}

/// The table in its scrolling region.
pub(crate) fn show(table: &Table<'_>) -> Markup {
    let number = |column: usize| table.columns.get(column).is_some_and(|name| name.ends_with('#'));
    html! {
        div.care_scroll role="region" tabindex="0" aria-labelledby=(table.id) {
            table.ds_table.care_table {
                caption id=(table.id) { (table.caption) }
                thead {
                    tr {
                        @for (place, name) in table.columns.iter().enumerate() {
                            th.care_num[number(place)] scope="col" { (name.trim_end_matches('#')) }
                        }
                    }
                }
                tbody {
                    @for row in &table.rows {
                        tr {
                            @for (place, cell) in row.iter().enumerate() {
                                @if place == 0 { th scope="row" { (cell) } }
                                @else { td.care_num[number(place)] { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn a_table_has_a_caption_and_scoped_headings() {
        let rows = vec![vec![html! { "NHS Glen" }, html! { "3" }]];
        let table =
            Table { id: "t", caption: "Held messages", columns: &["Source", "Held#"], rows };
        let shown = show(&table).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains(r#"<td class="care_num">3</td>"#));
    }
}
