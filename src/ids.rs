//! The records named on the command line and in a file, each once, in the order they were named.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::record::{RecordId, RecordIdError};

/// Why the ids do not do.
#[derive(Debug, thiserror::Error)]
pub enum IdsError {
    /// The one to be shown, or one of those to be verified.
    #[error("\"{text}\" is no record id: {source}")]
    Argument {
        /// As given.
        text: String,
        /// What is wrong.
        source: RecordIdError,
    },
    /// One in the file.
    #[error("line {line} of {path}, \"{text}\", is no record id: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Which file.
        path: PathBuf,
        /// As given.
        text: String,
        /// What is wrong.
        source: RecordIdError,
    },
    /// The file cannot be read.
    #[error("the id file {path} cannot be read: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// One id from the command line.
pub fn parse(text: &str) -> Result<RecordId, IdsError> {
    text.parse().map_err(|source| IdsError::Argument { text: text.to_owned(), source })
}

/// Gathers them; `-` stands for `input`.
pub fn gather(named: &[String], file: Option<&Path>, input: &mut dyn Read) -> Result<Vec<RecordId>, IdsError> {
    let mut ids = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |id: RecordId| {
        if seen.insert(id.clone()) {
            ids.push(id);
        }
    };
    for text in named {
        add(parse(text)?);
    }
    let Some(path) = file else { return Ok(ids) };
    let text = read(path, input).map_err(|source| IdsError::File { path: path.to_owned(), source })?;
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        // An id may hold a # (nothing forbids it), so a comment begins at the line's start or after a blank.
        let id = line.split_once(" #").map_or(line, |(id, _)| id).trim();
        if id.is_empty() || id.starts_with('#') {
            continue;
        }
        add(id.parse().map_err(|source| IdsError::Line {
            line: at + 1,
            path: path.to_owned(),
            text: id.to_owned(),
            source,
        })?);
    }
    Ok(ids)
}

fn read(path: &Path, input: &mut dyn Read) -> io::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        input.read_to_string(&mut text)?;
        Ok(text)
    } else {
        std::fs::read_to_string(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(named: &[&str], input: &str) -> Result<Vec<String>, String> {
        let named: Vec<_> = named.iter().map(|id| (*id).to_owned()).collect();
        gather(&named, Some(Path::new("-")), &mut input.as_bytes())
            .map(|ids| ids.iter().map(ToString::to_string).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn duplicates_count_once_and_comments_not_at_all() {
        let ids = gathered(&["b", "a", "b"], "\u{feff}# all of March\r\nc\r\n\n  a  \nd # late\n#e\nf#1\n");
        assert_eq!(ids, Ok(["b", "a", "c", "d", "f#1"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn an_id_that_is_none_is_named_with_its_place() {
        let why = "a record id cannot hold a slash or a control character";
        assert_eq!(gathered(&["a/b"], ""), Err(format!("\"a/b\" is no record id: {why}")));
        assert_eq!(gathered(&[], "a\nb/c\n"), Err(format!("line 2 of -, \"b/c\", is no record id: {why}")));
    }
}
