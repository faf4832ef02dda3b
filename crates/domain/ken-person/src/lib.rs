//! The person index: identify, link, queue and search.
