//! The project the records belong to: as given, or the one IAM has under the region's name.

use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::OnceCell;

use super::iam::{Iam, Question};
use super::{Credential, Unavailable, Wanted};
use crate::evidence::Reason;
use crate::fixity::Code;

/// The project of a run: the same from the first question to the last. Cloning shares what was found.
#[derive(Debug, Clone)]
pub struct Project(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    found: OnceCell<Result<String, Unavailable>>,
    /// How it is looked up, where it was not given.
    by_iam: Option<Search>,
}

#[derive(Debug)]
struct Search {
    iam: Iam,
    region: String,
    credential: Credential,
}

impl Project {
    /// One that was given.
    #[must_use]
    pub fn given(id: String) -> Self {
        Self(Arc::new(Inner { found: OnceCell::new_with(Some(Ok(id))), by_iam: None }))
    }

    /// The one of this region's name.
    pub(super) fn of_region(region: String, iam: Iam, credential: Credential) -> Self {
        Self(Arc::new(Inner { found: OnceCell::new(), by_iam: Some(Search { iam, region, credential }) }))
    }

    /// One that was not given, with no IAM to ask.
    pub(super) fn out_of_reach() -> Self {
        Self(Arc::new(Inner { found: OnceCell::new(), by_iam: None }))
    }

    /// Its id. IAM is asked once, however many wait for the answer, and whatever it is.
    pub async fn id(&self) -> Result<&str, Unavailable> {
        let Inner { found, by_iam } = &*self.0;
        let found = match by_iam {
            Some(search) => found.get_or_init(|| search.run()).await,
            None => found.get_or_init(async || Err(no_iam())).await,
        };
        found.as_ref().map(String::as_str).map_err(Clone::clone)
    }

    /// What was found so far.
    #[must_use]
    pub fn known(&self) -> Option<Result<&str, &Unavailable>> {
        self.0.found.get().map(|found| found.as_ref().map(String::as_str))
    }

    /// The region by whose name IAM is asked, where it is.
    #[must_use]
    pub fn looked_up_by(&self) -> Option<&str> {
        self.0.by_iam.as_ref().map(|search| search.region.as_str())
    }
}

fn no_iam() -> Unavailable {
    let message = "no project is set, and no address of IAM to look it up at; use --project-id or --iam-endpoint";
    Unavailable::new(Wanted::Project, Reason::new(Code::ProjectUnknown, message))
}

impl Search {
    async fn run(&self) -> Result<String, Unavailable> {
        let proof = self.credential.proof().await?;
        let query = [("name".to_owned(), self.region.clone())];
        let question = Question {
            method: "GET",
            path: "/v3/projects",
            query: &query,
            body: b"",
            action: "iam:projects:list, or give --project-id",
        };
        let asked = self.iam.ask(&question, Some(&proof)).await;
        asked.and_then(|answered| self.only_one(&answered.body)).map_err(|mut reason| {
            let region = &self.region;
            reason.message = format!("the project of region {region} could not be found: {}", reason.message);
            Unavailable::new(Wanted::Project, reason)
        })
    }

    /// None, or several, is no answer: which one is meant is for people to say.
    fn only_one(&self, body: &[u8]) -> Result<String, Reason> {
        #[derive(Deserialize)]
        struct Wire {
            projects: Vec<Found>,
        }
        #[derive(Deserialize)]
        struct Found {
            id: String,
            name: String,
        }
        let unreadable = |why: &str| Reason::new(Code::UnreadableAnswer, format!("IAM's answer cannot be read: {why}"));
        let Ok(Wire { projects }) = serde_json::from_slice(body) else {
            return Err(unreadable("it is no list of projects"));
        };
        let named: Vec<_> = projects.into_iter().filter(|found| found.name == self.region).collect();
        match &named[..] {
            [found] if is_project_id(&found.id) => Ok(found.id.clone()),
            [_] => Err(unreadable("its project has an id that is none")),
            [] => {
                let message = "IAM knows no project of that name; check --region, or give --project-id";
                Err(Reason::new(Code::ProjectUnknown, message))
            }
            several => {
                let ids: Vec<_> = several.iter().take(5).map(|found| found.id.as_str()).collect();
                let message = format!(
                    "IAM knows {} projects of that name ({}); give one by --project-id",
                    several.len(),
                    ids.join(", ")
                );
                Err(Reason::new(Code::ProjectUnknown, message))
            }
        }
    }
}

/// Whether a text can be a project id: letters, digits, hyphens and underscores.
#[must_use]
pub fn is_project_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}
