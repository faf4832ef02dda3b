//! Documents as files.

#[cfg(test)]
mod files;
