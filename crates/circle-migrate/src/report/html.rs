//! The report as a page: one file, no script, nothing from elsewhere.

use std::fmt::Write as _;

use super::{Line, Report, ReportKind, Section, is_trouble};
use crate::key::Subject;

const STYLE: &str = include_str!("report.css");
/// Lines of one kind that the page lists; the CSV has all.
const MOST_LINES: usize = 200;

/// The whole page.
pub(super) fn render(report: &Report) -> String {
    let title = match report.kind {
        ReportKind::Plan => "What a migration would do",
        ReportKind::Result => "What the migration did",
    };
    let community = report.community_name.as_deref().unwrap_or("community");
    let mut page = String::new();
    let _never = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"facts\"><span>{} <small>Circle {}</small></span> \
         <span class=\"arrow\" aria-label=\"to\">→</span> \
         <span>BetterMode <small>{}</small></span></p>\n<p class=\"made\">{}</p>\n</header>\n",
        escape(community),
        escape(community),
        report.community_id,
        escape(&report.network_id),
        report.made_at.strftime("%-d %B %Y, %H:%M UTC"),
    );
    page.push_str(&verdict(report));
    let is_empty = |section: &Section| section.snapshot_rows.is_none() && section.lines.is_empty();
    for section in report.sections.iter().filter(|section| !is_empty(section)) {
        page.push_str(&section_html(section, report.kind));
    }
    notes(&mut page, report);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// The one sentence that somebody in a hurry reads.
fn verdict(report: &Report) -> String {
    let odd = report
        .sections
        .iter()
        .filter(|section| !section.adds_up)
        .count();
    let trouble: usize = report
        .sections
        .iter()
        .flat_map(|section| &section.tallies)
        .filter(|tally| is_trouble(&tally.outcome))
        .map(|tally| tally.count)
        .sum();
    let waiting: usize = report
        .sections
        .iter()
        .flat_map(|section| &section.tallies)
        .filter(|tally| matches!(tally.outcome.as_str(), "held" | "later" | "not_begun"))
        .map(|tally| tally.count)
        .sum();
    let (class, text) = if odd > 0 {
        (
            "bad",
            "The counts do not add up: see the ids below.".to_owned(),
        )
    } else if trouble > 0 {
        let them = if trouble == 1 {
            "record needs"
        } else {
            "records need"
        };
        (
            "bad",
            format!("{} {them} somebody to look.", number(trouble)),
        )
    } else if waiting > 0 {
        let them = if waiting == 1 {
            "record waits"
        } else {
            "records wait"
        };
        (
            "waits",
            format!("Every row is accounted for; {} {them}.", number(waiting)),
        )
    } else {
        ("good", "Every row is accounted for.".to_owned())
    };
    format!("<p class=\"verdict {class}\">{text}</p>\n")
}

fn section_html(section: &Section, kind: ReportKind) -> String {
    let sum: usize = section.tallies.iter().map(|tally| tally.count).sum();
    let mut text = format!("<section>\n<h2>{}</h2>\n", title_of(section.subject));
    let rows = match section.snapshot_rows {
        Some(rows) if section.adds_up => {
            format!("{} in the snapshot, each with one outcome", number(rows))
        }
        Some(rows) => format!("{} in the snapshot, {} outcomes", number(rows), number(sum)),
        None => format!("{} so far", number(sum)),
    };
    let class = if section.adds_up { "sum" } else { "sum bad" };
    let _never = writeln!(text, "<p class=\"{class}\">{rows}</p>");
    if sum == 0 {
        text.push_str("</section>\n");
        return text;
    }
    bar(&mut text, section, sum);
    table(&mut text, section, kind);
    if !section.unaccounted.is_empty() {
        let ids: Vec<_> = section
            .unaccounted
            .iter()
            .take(50)
            .map(u64::to_string)
            .collect();
        let _never = writeln!(
            text,
            "<p class=\"odd\">Not accounted for: {}{}</p>",
            ids.join(", "),
            if section.unaccounted.len() > 50 {
                " and more"
            } else {
                ""
            }
        );
    }
    details(&mut text, section, kind);
    text.push_str("</section>\n");
    text
}

fn bar(text: &mut String, section: &Section, sum: usize) {
    text.push_str("<div class=\"bar\" aria-hidden=\"true\">");
    let mut tallies: Vec<_> = section.tallies.iter().collect();
    tallies.sort_by_key(|tally| place(tone(&tally.outcome)));
    for tally in tallies {
        let tone = tone(&tally.outcome);
        let permille = (tally.count * 1000).div_ceil(sum);
        let _never = write!(text, "<i class=\"{tone}\" style=\"flex:{permille}\"></i>");
    }
    text.push_str("</div>\n");
}

fn table(text: &mut String, section: &Section, kind: ReportKind) {
    text.push_str("<table>\n<tbody>\n");
    for tally in &section.tallies {
        let reason = tally.reason.as_deref().map(why).unwrap_or_default();
        let _never = writeln!(
            text,
            "<tr><td class=\"count\">{}</td><td class=\"what\"><b class=\"dot {}\"></b>{}</td>\
             <td>{}</td></tr>",
            number(tally.count),
            tone(&tally.outcome),
            escape(&outcome_text(&tally.outcome, kind)),
            escape(&reason),
        );
    }
    text.push_str("</tbody>\n</table>\n");
}

/// Those that somebody may want to look at, one by one.
fn details(text: &mut String, section: &Section, kind: ReportKind) {
    let wanted = |line: &&Line| {
        matches!(
            line.outcome.as_str(),
            "failed" | "unknown" | "held" | "skipped" | "would_look_for"
        )
    };
    let total = section.lines.iter().filter(wanted).count();
    if total == 0 {
        return;
    }
    let open = section.lines.iter().any(|line| is_trouble(&line.outcome));
    let _never = writeln!(
        text,
        "<details{}><summary>{} not moved{}, one by one</summary>\n<div class=\"scroll\">\
         <table class=\"lines\">\n<thead><tr><th>Circle id</th>\
         <th>Outcome</th><th>Why</th></tr></thead>\n<tbody>",
        if open { " open" } else { "" },
        number(total),
        if kind == ReportKind::Plan {
            " by this plan"
        } else {
            ""
        },
    );
    let mut lines: Vec<_> = section.lines.iter().filter(wanted).collect();
    lines.sort_by_key(|line| (!is_trouble(&line.outcome), line.id));
    for line in lines.into_iter().take(MOST_LINES) {
        let who = line.who.as_deref().unwrap_or_default();
        let _never = writeln!(
            text,
            "<tr><td>{}<small>{}</small></td><td>{}</td><td>{}</td></tr>",
            line.id,
            escape(who),
            escape(&outcome_text(&line.outcome, kind)),
            escape(&line.reason.as_deref().map(why).unwrap_or_default()),
        );
    }
    text.push_str("</tbody>\n</table></div>\n");
    if total > MOST_LINES {
        let rest = number(total - MOST_LINES);
        let _never = writeln!(
            text,
            "<p class=\"more\">{rest} more are in the CSV file.</p>"
        );
    }
    text.push_str("</details>\n");
}

fn notes(page: &mut String, report: &Report) {
    page.push_str("<section class=\"notes\">\n<h2>Also</h2>\n<ul>\n");
    for note in &report.notes {
        let _never = writeln!(page, "<li>{}</li>", escape(note));
    }
    page.push_str("</ul>\n</section>\n");
}

fn title_of(subject: Subject) -> &'static str {
    match subject {
        Subject::Member => "People",
        Subject::Profile => "Profiles of members",
        Subject::Mark => "Circle ids kept on members",
        Subject::Link => "Links in community_members",
        Subject::SpaceGroup => "Space groups",
        Subject::Space => "Spaces",
        Subject::SpaceMember => "Members of spaces",
        Subject::Post => "Posts",
        Subject::Comment => "Comments and replies",
        Subject::Event => "Events",
    }
}

fn outcome_text(outcome: &str, kind: ReportKind) -> String {
    let text = match outcome {
        "matched" | "would_match" => "there already",
        "already_invited" => "invited already",
        "held" => "waiting",
        "later" => "not in this run",
        "not_begun" => "not begun",
        "unknown" => "begun, outcome not known",
        "failed" => "failed",
        "skipped" if kind == ReportKind::Plan => "would be left out",
        "skipped" => "left out",
        "would_look_for" => "begun; would be looked for",
        other => return readable(other),
    };
    text.to_owned()
}

/// A reason in words that explain it.
fn why(reason: &str) -> String {
    let (code, rest) = reason.split_once(':').unwrap_or((reason, ""));
    if code.starts_with("refused_") {
        let words = rest.trim();
        return if words.is_empty() {
            "BetterMode refuses it"
        } else {
            words
        }
        .to_owned();
    }
    let text = match code {
        "no_email" => "Circle has no address",
        "invalid_email" if rest.is_empty() => "what Circle has is no e-mail address",
        "unconfirmed" => "never accepted Circle's invitation",
        "duplicate_of" => "another record with the same address is moved",
        "excluded_tag" => "bears a label that is left out",
        "beyond_limit" => "beyond this run's limit",
        "was_there_already" => "there before the migration, so left as it is",
        "nothing_to_fill" => "nothing was empty that Circle has",
        "author_no_member_yet" => "until its author has accepted the invitation",
        "author_not_moved" => "its author is not moved; a fallback owner would let it go",
        "no_member_yet" => "until the person has accepted the invitation",
        "person_not_moved" => "the person is not moved",
        "parent_held_back" => "until what it answers is there",
        "parent_not_moved" => "what it answers is not moved",
        "space_held_back" => "until its space is there",
        "space_not_moved" => "its space is not moved",
        "not_published" => "a draft, or scheduled",
        "no_post_type_for_it" => "no kind of post in its space fits",
        "in_the_csv_file" => "in community_members.csv, for somebody to link",
        "unsupported_kind" => "BetterMode has nothing like it",
        "space_of_that_name_is_less_private" => {
            "a space with that address is there and shows it to more people; name the right one in \
             the mapping"
        }
        "mapped_space_is_not_there" => "the space that the mapping names is not there",
        _ => return readable(reason),
    };
    if rest.is_empty() {
        return text.to_owned();
    }
    format!("{text} ({rest})")
}

/// A code as words.
fn readable(code: &str) -> String {
    let words = code.replace('_', " ");
    match words.split_once(':') {
        Some((head, tail)) if !tail.starts_with(' ') => format!("{head}: {tail}"),
        _ => words,
    }
}

fn tone(outcome: &str) -> &'static str {
    match outcome {
        "failed" | "unknown" => "t-bad",
        "held" | "later" | "not_begun" | "would_look_for" => "t-wait",
        "skipped" => "t-skip",
        "matched" | "would_match" | "already_invited" => "t-there",
        _ => "t-new",
    }
}

/// From what is done to what is wrong.
fn place(tone: &str) -> Option<usize> {
    const ORDER: [&str; 5] = ["t-new", "t-there", "t-wait", "t-skip", "t-bad"];
    ORDER.iter().position(|known| *known == tone)
}

/// A number with its thousands apart.
fn number(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escape(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('"', "&quot;")
}
