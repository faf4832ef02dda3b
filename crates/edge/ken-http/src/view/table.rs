//! A table that never makes the page scroll sideways: on a narrow screen its rows are stacked, each
//! cell under the name of its column; on a wide one it scrolls inside itself if it must.
//!
//! The roles are written out, because a browser forgets that a stacked table is one.

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
            table.ds_table.care_table role="table" {
                caption id=(table.id) { (table.caption) }
                thead role="rowgroup" {
                    tr role="row" {
                        @for (place, name) in table.columns.iter().enumerate() {
                            th.care_num[number(place)] scope="col" role="columnheader" {
                                (name.trim_end_matches('#'))
                            }
                        }
                    }
                }
                tbody role="rowgroup" {
                    @for row in &table.rows {
                        tr role="row" {
                            @for (place, cell) in row.iter().enumerate() {
                                @if place == 0 {
                                    th scope="row" role="rowheader" { (stacked(table, 0)) (cell) }
                                } @else {
                                    td.care_num[number(place)] role="cell" {
                                        (stacked(table, place)) (cell)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The column's name within a cell, for a stacked row; a reader aloud hears the column's heading.
fn stacked(table: &Table<'_>, column: usize) -> Markup {
    let name = table.columns.get(column).map_or("", |name| name.trim_end_matches('#'));
    html! { span.care_stacked aria-hidden="true" { (name) } }
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
        let name = r#"<span class="care_stacked" aria-hidden="true">Held</span>"#;
        assert!(shown.contains(&format!(r#"<td class="care_num" role="cell">{name}3</td>"#)));
    }
}
