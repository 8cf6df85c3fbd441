//! A ledger held against itself, the head noted beside it, and heads that were kept elsewhere.

use std::collections::HashMap;
use std::path::Path;

use super::chain::{BEGINNING, Head};
use super::walk::{Break, Walked};
use super::{Discontinuity, ExportError, LedgerError, Reader, file, note, schema};
use crate::fixity::Sha256Digest;

/// A head the ledger is said to have had, in a signed report for instance.
pub type Claim = Head;

/// What became of such a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// The ledger has it.
    Held,
    /// The ledger ends before that row: it was cut off, or put back from a backup.
    CutOff,
    /// That row has another head: this is not how the ledger was.
    Forked,
    /// The chain breaks before that row, so nobody can say.
    Unreached,
}

/// What is to be said of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The last row up to which the chain holds.
    pub head: Head,
    /// The first row that is missing or not as it was written.
    pub first_break: Option<Break>,
    /// Tables of evidence that a ledger of its version has, and this one has not.
    pub missing_tables: Vec<&'static str>,
    /// What SQLite itself finds wrong: an index that does not fit its table, a value that may not be there.
    pub damage: Option<String>,
    /// What no digest covers and is not as this program leaves it: triggers, views, tables of others, names of nothing.
    pub warnings: Vec<String>,
    /// The head noted beside it, if one is, and what became of it.
    pub noted: Option<(Head, Claimed)>,
    /// What became of each head claimed.
    pub claims: Vec<Claimed>,
    /// Where it is known not to have gone on where it ended.
    pub discontinuities: Vec<Discontinuity>,
}

impl Audit {
    /// Looks through the whole ledger, as of one moment.
    pub fn of(path: &Path, claims: &[Claim]) -> Result<Self, LedgerError> {
        // Before the ledger, which only grows: a run that ends meanwhile is not taken for a fault.
        let noted = if path.exists() { note::read(&file::resolve(path)?)? } else { None };
        let reader = Reader::open(path)?;
        let moment = reader.connection.unchecked_transaction()?;
        let mut digests: HashMap<i64, Option<Sha256Digest>> =
            claims.iter().chain(&noted).map(|claim| (claim.seq, (claim.seq == 0).then_some(BEGINNING))).collect();
        let walked = reader.walk(|step| {
            if let Some(digest) = digests.get_mut(&step.head.seq) {
                *digest = Some(step.head.digest);
            }
            Ok(())
        });
        let Walked { head, first_break } = walked.map_err(|error| match error {
            ExportError::Ledger(error) => error,
            // Nothing is written on this walk.
            ExportError::Write(error) => error.into(),
        })?;
        let became = |claim: &Claim| match digests.get(&claim.seq).copied().flatten() {
            Some(digest) if digest == claim.digest => Claimed::Held,
            Some(_) => Claimed::Forked,
            None if first_break.is_some() => Claimed::Unreached,
            None => Claimed::CutOff,
        };
        let noted = noted.map(|noted| (noted, became(&noted)));
        let claims = claims.iter().map(became).collect();
        let audit = Self {
            head,
            missing_tables: reader.missing_tables()?,
            damage: reader.damage()?,
            warnings: reader.oddities()?,
            noted,
            claims,
            // Of a broken chain they are as good as the rest of it; each is told with its number.
            discontinuities: reader.discontinuities()?,
            first_break,
        };
        moment.finish()?;
        Ok(audit)
    }

    /// Whether the ledger is as it was written, and every head claimed is in it.
    #[must_use]
    pub fn holds(&self) -> bool {
        let claims = self.claims.iter().chain(self.noted.iter().map(|(_, claimed)| claimed));
        self.first_break.is_none()
            && self.missing_tables.is_empty()
            && self.damage.is_none()
            && claims.into_iter().all(|claimed| *claimed == Claimed::Held)
    }
}

impl Reader {
    fn version(&self) -> Result<i64, LedgerError> {
        Ok(self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
    }

    fn missing_tables(&self) -> Result<Vec<&'static str>, LedgerError> {
        let present = self.evidence_tables()?;
        let expected = schema::evidence(self.version()?).iter().copied();
        Ok(expected.filter(|table| !present.contains(table)).collect())
    }

    fn damage(&self) -> Result<Option<String>, LedgerError> {
        let said: String = self.connection.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
        Ok((said != "ok").then_some(said))
    }

    /// What is not as this program leaves it, and no digest covers.
    fn oddities(&self) -> Result<Vec<String>, LedgerError> {
        let (expected, found) = (schema::expected(self.version()?)?, schema::parts(&self.connection)?);
        let named = |parts: &std::collections::BTreeSet<schema::Part>, kind: &str, name: &str| {
            parts.iter().any(|(other_kind, other_name, _)| other_kind == kind && other_name == name)
        };
        let mut oddities = Vec::new();
        for (kind, name, _) in expected.difference(&found) {
            let what = if named(&found, kind, name) { "is not the one this program makes" } else { "is missing" };
            let so = if kind == "trigger" { ", so nothing refused a change by it" } else { "" };
            oddities.push(format!("the {kind} {name} {what}{so}"));
        }
        let strange = found.iter().filter(|(kind, name, _)| !named(&expected, kind, name));
        oddities.extend(strange.map(|(kind, name, _)| format!("the {kind} {name} is none of this program")));
        for (table, sql) in [("record", UNNAMED_RECORDS), ("scope", UNNAMED_SCOPES)] {
            let has_all = ["sighting", "verification", "run"].into_iter().all(|table| {
                // A table that is missing is told as such.
                self.has_table(table).unwrap_or(false)
            });
            let unused: i64 = if has_all { self.first(sql, [], |row| Ok(row.get(0)?))?.unwrap_or(0) } else { 0 };
            if unused > 0 {
                oddities.push(format!("{unused} rows of the table {table} are named by no other row"));
            }
        }
        Ok(oddities)
    }
}

/// A record gets its number together with its first row, which is one of these two.
const UNNAMED_RECORDS: &str = "
SELECT count(*) FROM record r WHERE NOT EXISTS (SELECT 1 FROM sighting WHERE record = r.id)
    AND NOT EXISTS (SELECT 1 FROM verification WHERE record = r.id)";

const UNNAMED_SCOPES: &str = "SELECT count(*) FROM scope s WHERE NOT EXISTS (SELECT 1 FROM run WHERE scope = s.id)";
