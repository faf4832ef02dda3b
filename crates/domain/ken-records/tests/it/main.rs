//! Filing, deciding and disclosing over real databases, on every engine there is.

#[cfg(test)]
mod asked;
#[cfg(test)]
mod dictionary;
#[cfg(test)]
mod disclose;
#[cfg(test)]
mod emergency;
#[cfg(test)]
mod linker;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod pseudonym;
#[cfg(test)]
mod sealed;
#[cfg(test)]
mod second;
#[cfg(test)]
mod stops;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod windows;
#[cfg(test)]
mod world;
