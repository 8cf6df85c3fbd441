//! Values that wait for the end of a report: in memory while they are few, else in a temporary file without a name.

use std::cell::RefCell;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};

use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use tempfile::SpooledTempFile;

use super::canonical_json;

/// So much is held in memory: the ids of some 25,000 records, or ten pages of a listing.
const IN_MEMORY: usize = 1 << 20;

/// A list of values, each kept as a line of JSON; it serialises as an array, as often as it is asked to.
#[derive(Debug)]
pub struct Spool(RefCell<Kept>);

#[derive(Debug)]
struct Kept {
    file: SpooledTempFile,
    values: usize,
    /// Why one could not be kept: then the list is not whole, and must not be written as if it were.
    failure: Option<io::Error>,
}

impl Default for Spool {
    fn default() -> Self {
        let file = SpooledTempFile::new(IN_MEMORY);
        Self(RefCell::new(Kept { file, values: 0, failure: None }))
    }
}

impl Spool {
    /// Keeps a value. One that cannot be kept makes the list fail when it is written.
    pub fn push(&self, value: &impl Serialize) {
        let kept = &mut *self.0.borrow_mut();
        let pushed = canonical_json(value).and_then(|line| {
            kept.values += 1;
            kept.file.write_all((line + "\n").as_bytes())
        });
        if let Err(error) = pushed {
            kept.failure.get_or_insert(error);
        }
    }

    /// Keeps values.
    pub fn extend(&self, values: impl IntoIterator<Item: Serialize>) {
        for value in values {
            self.push(&value);
        }
    }
}

impl Serialize for Spool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kept = &mut *self.0.borrow_mut();
        if let Some(error) = &kept.failure {
            return Err(S::Error::custom(format!("what belongs at its end could not be kept: {error}")));
        }
        let mut list = serializer.serialize_seq(Some(kept.values))?;
        kept.file.seek(SeekFrom::Start(0)).map_err(S::Error::custom)?;
        for line in BufReader::new(&mut kept.file).lines() {
            let value = RawValue::from_string(line.map_err(S::Error::custom)?).map_err(S::Error::custom)?;
            list.serialize_element(&value)?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json_line;

    fn written(spool: &Spool) -> String {
        let mut out = Vec::new();
        json_line(&mut out, spool).expect("written to memory");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn what_was_kept_comes_back_in_order_as_often_as_it_is_asked_for_and_may_grow_between() {
        let spool = Spool::default();
        assert_eq!(written(&spool), "[]\n");
        spool.push(&"a\u{202e}\n");
        spool.push(&serde_json::json!({"b": 1}));
        assert_eq!(written(&spool), "[\"a\\u202e\\n\",{\"b\":1}]\n");
        spool.push(&2);
        assert_eq!(written(&spool), "[\"a\\u202e\\n\",{\"b\":1},2]\n");
    }

    #[test]
    fn what_is_too_much_for_memory_comes_back_as_well() {
        let spool = Spool::default();
        let ids: Vec<_> = (0..100_000).map(|n| format!("record-{n:08}")).collect();
        spool.extend(&ids);
        assert!(spool.0.borrow().file.is_rolled());
        assert_eq!(serde_json::from_str::<Vec<String>>(&written(&spool)).expect("a list"), ids);
    }
}
