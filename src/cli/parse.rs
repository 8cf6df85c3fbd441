//! From words to a command line, and from the command line to completions and the manual page.

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use super::Cli;

/// What became of a command line that asks for nothing to be run.
#[derive(Debug)]
pub enum Parsed {
    /// It is to be run.
    Run(Box<Cli>),
    /// It asked for this text.
    Told(String),
    /// It is wrong; one line says how.
    Wrong(String),
}

/// Parses a command line, its first word the program's name.
#[must_use]
pub fn parse(args: Vec<std::ffi::OsString>) -> Parsed {
    match Cli::try_parse_from(args) {
        Ok(cli) => Parsed::Run(Box::new(cli)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Parsed::Told(error.render().to_string())
        }
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Parsed::Wrong("no command was given; see recverify --help".to_owned())
        }
        Err(error) => Parsed::Wrong(in_one_line(&error.render().to_string())),
    }
}

/// Clap's message without its usage block: what is wrong, its tip if there is one, and where help is.
fn in_one_line(rendered: &str) -> String {
    let mut paragraphs = rendered.split("\n\n").map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let first = paragraphs.next().unwrap_or_default();
    let what = first.strip_prefix("error: ").unwrap_or(&first).to_owned();
    let tip = paragraphs.find_map(|text| text.strip_prefix("tip: ").map(str::to_owned));
    let tip = tip.map_or_else(String::new, |tip| format!("; {tip}"));
    format!("{what}{tip}; see recverify --help")
}

/// The completion script for a shell.
#[must_use]
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "recverify", &mut script);
    script
}

/// The manual page, all commands included.
#[must_use]
pub fn manual() -> Vec<u8> {
    let mut page = Vec::new();
    let command = Cli::command();
    // Writing to memory cannot fail, and nothing else in it can.
    let _ = clap_mangen::Man::new(command.clone()).render(&mut page);
    let nested = |command: &clap::Command| command.get_subcommands().cloned().collect::<Vec<_>>();
    let commands = nested(&command).into_iter().flat_map(|command| match nested(&command) {
        none if none.is_empty() => vec![(command.get_name().to_owned(), command)],
        subs => subs.into_iter().map(|sub| (format!("{} {}", command.get_name(), sub.get_name()), sub)).collect(),
    });
    for (name, sub) in commands {
        let title = format!("recverify {name}").to_uppercase();
        page.extend_from_slice(format!(".SH \"{title}\"\n").as_bytes());
        let man = clap_mangen::Man::new(sub.clone());
        let _ = man.render_synopsis_section(&mut page).and_then(|()| man.render_description_section(&mut page));
        let _ = man.render_options_section(&mut page);
    }
    page
}
#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(line: &str) -> String {
        match parse(line.split(' ').map(Into::into).collect()) {
            Parsed::Wrong(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_wrong_fits_one_line() {
        assert_eq!(
            wrong("recverify verify --regoin x a"),
            "unexpected argument '--regoin' found; a similar argument exists: '--region'; see recverify --help"
        );
        assert_eq!(
            wrong("recverify show"),
            "the following required arguments were not provided: <RECORD_ID>; see recverify --help"
        );
        assert_eq!(wrong("recverify"), "no command was given; see recverify --help");
        assert_eq!(
            wrong("recverify verify a --stall-timeout 0s"),
            "invalid value '0s' for '--stall-timeout <TIME>': a time such as 500ms, 30s or 2m is expected; see recverify --help"
        );
    }

    #[test]
    fn view_flags_stand_before_or_after_the_command() {
        for line in ["recverify -q verify a", "recverify verify a -q"] {
            let Parsed::Run(cli) = parse(line.split(' ').map(Into::into).collect()) else { panic!("{line}") };
            assert!(cli.view.quiet, "{line}");
        }
    }
}
