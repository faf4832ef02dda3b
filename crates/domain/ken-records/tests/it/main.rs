//! Filing, deciding and disclosing over real databases, on every engine there is.

#[cfg(test)]
mod disclose;
#[cfg(test)]
mod world;
