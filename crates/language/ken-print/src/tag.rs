//! The order in which a document is read aloud, as a tree; its leaves are the lines on the pages.

use crate::document::Listing;

/// Which lines belong to a node: a number that the layout gave out.
pub(crate) type Leaf = usize;

/// A thing that is read as what it is.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) inside: Inside,
}

/// What a node holds.
#[derive(Debug)]
pub(crate) enum Inside {
    /// Lines of text.
    Lines(Leaf),
    /// Other nodes, in reading order.
    Nodes(Vec<Node>),
}

/// What a node is; the names are those of PDF's structure types.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A heading: its level from 1, where 1 is the title, and its words.
    Heading(u8, String),
    Paragraph,
    List(Listing),
    Item,
    Label,
    ItemBody,
    /// A table with what it shows.
    Table(String),
    Caption,
    TableHead,
    TableBody,
    Row,
    ColumnHeading,
    RowHeading,
    Cell,
}

impl Node {
    /// A node of text.
    pub(crate) const fn lines(kind: Kind, leaf: Leaf) -> Self {
        Self { kind, inside: Inside::Lines(leaf) }
    }

    /// A node of nodes.
    pub(crate) const fn nodes(kind: Kind, nodes: Vec<Self>) -> Self {
        Self { kind, inside: Inside::Nodes(nodes) }
    }
}
