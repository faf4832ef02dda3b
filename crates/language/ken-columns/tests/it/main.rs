//! Files of columns from without: what others write, and what liars do.

#[cfg(test)]
mod bad;
#[cfg(test)]
mod others;

/// The columns and rows of a file, all as texts.
#[cfg(test)]
fn read(bytes: &[u8]) -> Result<(Vec<String>, Vec<Vec<String>>), ken_columns::ColumnsError> {
    let mut reader = ken_columns::Reader::open(std::io::Cursor::new(bytes))?;
    let heads: Vec<String> = reader.heads().map(str::to_owned).collect();
    reader.select(0..heads.len())?;
    let mut rows = Vec::new();
    while reader.next()? {
        rows.push((0..heads.len()).map(|at| reader.get(at).to_owned()).collect());
    }
    Ok((heads, rows))
}
