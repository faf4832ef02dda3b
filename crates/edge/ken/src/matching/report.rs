//! The page of a run: what was found, how sure it is and why, in one file for any browser.
//!
//! # Invariants
//!
//! - Counts, weights and words of the program alone: nothing of a record, no file's name.
//! - Self-contained: no script, nothing loaded; each chart stands beside a table of its numbers.

use std::fmt::{self, Display, Formatter};

use ken_match::{Evaluation, Explanation, Outcome, Pattern, Report, explain, sizes};

/// What a page is made of.
pub(super) struct Page<'a> {
    /// What the run found.
    pub(super) outcome: &'a Outcome,
    /// What the columns were like.
    pub(super) columns: &'a Report,
    /// From which probability on a pair is a link.
    pub(super) threshold: f64,
    /// How it compares with the truth, where that is known.
    pub(super) judged: Option<&'a Evaluation>,
}

const STYLE: &str = "\
:root{color-scheme:light;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--for:#1a5fb4;\
--against:#9a3412}\
*{box-sizing:border-box}\
body{font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:#fff;margin:0 auto;\
padding:1rem;max-width:60rem}\
h1{font-size:1.6rem;line-height:1.2}h2{font-size:1.2rem;margin-top:2.5rem}h3{font-size:1rem}\
p{max-width:42rem}\
.wide{overflow-x:auto}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
caption{text-align:left;color:var(--soft);min-width:15rem}\
.small{max-width:24rem}\
th,td{padding:.2rem .5rem .2rem 0;text-align:right;border-bottom:1px solid var(--line);\
vertical-align:top}\
th:first-child{text-align:left;min-width:7rem}tbody th{font-weight:400}\
svg{width:100%;height:auto;max-width:48rem;display:block}\
.for{fill:var(--for)}.against{fill:var(--against)}.axis{stroke:var(--soft)}\
.ideal{stroke:var(--soft);stroke-dasharray:4 4}.note{fill:var(--soft);font-size:12px}";

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Bits at both ends of the chart of weights; what is beyond stands at the end.
const ENDS: i32 = 30;

/// Patterns whose sum is told.
const TOLD: usize = 6;

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")?;
        writeln!(f, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">")?;
        f.write_str("<meta name=\"viewport\" content=\"width=device-width\">\n")?;
        writeln!(f, "<title>Matching: what was found</title>\n<style>{STYLE}</style>\n</head>")?;
        f.write_str("<body>\n<main>\n<h1>Matching: what was found</h1>\n")?;
        self.summary(f)?;
        self.weights(f)?;
        if let Some(judged) = self.judged {
            truth(f, judged)?;
            reliability(f, judged)?;
        }
        self.found_by(f)?;
        self.refused(f)?;
        self.people(f)?;
        self.columns(f)?;
        self.levels(f)?;
        self.reasons(f)?;
        f.write_str("</main>\n</body>\n</html>\n")
    }
}

/// A table with its heads, if it has any; the first column is words. An empty one is said to be.
fn table(
    f: &mut Formatter<'_>,
    caption: &str,
    heads: &[&str],
    rows: &[Vec<String>],
) -> fmt::Result {
    if rows.is_empty() {
        return writeln!(f, "<p>{caption}: none.</p>");
    }
    writeln!(f, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">")?;
    writeln!(f, "<table>\n<caption>{caption}</caption>")?;
    if !heads.is_empty() {
        f.write_str("<thead><tr>")?;
        heads.iter().try_for_each(|head| write!(f, "<th scope=\"col\">{head}</th>"))?;
        f.write_str("</tr></thead>\n")?;
    }
    f.write_str("<tbody>\n")?;
    for row in rows {
        f.write_str("<tr>")?;
        let (first, rest) = row.split_first().map_or(("", &[][..]), |(a, b)| (a.as_str(), b));
        write!(f, "<th scope=\"row\">{first}</th>")?;
        rest.iter().try_for_each(|cell| write!(f, "<td>{cell}</td>"))?;
        f.write_str("</tr>\n")?;
    }
    f.write_str("</tbody>\n</table>\n</div>\n")
}

fn row<const N: usize>(cells: [String; N]) -> Vec<String> {
    cells.into()
}

fn counted<'a>(of: impl Iterator<Item = (&'a str, u64)>) -> Vec<Vec<String>> {
    of.map(|(word, count)| row([word.to_owned(), count.to_string()])).collect()
}

/// A count as a height or a length.
fn real(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

impl Page<'_> {
    fn summary(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let outcome = self.outcome;
        let links = outcome.scored.iter().filter(|l| l.probability >= self.threshold).count();
        let people: u64 = sizes(&outcome.people).values().sum();
        let rows = [
            row(["Records".to_owned(), self.columns.records.to_string()]),
            row(["Pairs compared".to_owned(), outcome.pairs.to_string()]),
            row([format!("Links from {} on", self.threshold), links.to_string()]),
            row(["People".to_owned(), people.to_string()]),
            row([
                "Left out under keys that too many share".to_owned(),
                outcome.left_out.to_string(),
            ]),
            row(["Model".to_owned(), outcome.model.version()]),
        ];
        table(f, "The run", &[], &rows)
    }

    fn weights(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut bars: Vec<(i32, u64, u64)> = (-ENDS..=ENDS).map(|bits| (bits, 0, 0)).collect();
        for link in &self.outcome.scored {
            let of = bars.iter_mut().rev().find(|(bits, ..)| f64::from(*bits) <= link.bits);
            if let Some((_, links, others)) = of {
                *(if link.probability >= self.threshold { links } else { others }) += 1;
            }
        }
        f.write_str("<h2>How much speaks for each pair</h2>\n")?;
        f.write_str(
            "<p>Pairs by the sum of their evidence in bits: one bit more, and it is twice as \
            likely that both are one person. The height is the logarithm of the count.</p>\n",
        )?;
        let most = bars.iter().map(|(_, a, b)| real(a + b).ln_1p()).fold(1.0, f64::max);
        f.write_str(
            "<svg viewBox=\"0 0 640 220\" role=\"img\" aria-label=\"Pairs by bits; the same \
            numbers are in the table below\">\n",
        )?;
        for (at, (_, links, others)) in (0u32..).zip(&bars) {
            let height = |count: f64| 180.0 * count.ln_1p() / most;
            let (all, x) = (height(real(links + others)), 10.0 + 10.0 * f64::from(at));
            let part =
                if *links + *others == 0 { 0.0 } else { real(*links) / real(links + others) };
            let (blue, red) = (all * part, all * (1.0 - part));
            let top = 190.0 - all;
            writeln!(
                f,
                "<rect class=\"against\" x=\"{x}\" y=\"{top:.1}\" width=\"9\" \
                height=\"{red:.1}\"/><rect class=\"for\" x=\"{x}\" y=\"{:.1}\" width=\"9\" \
                height=\"{blue:.1}\"/>",
                top + red
            )?;
        }
        f.write_str("<line class=\"axis\" x1=\"10\" x2=\"630\" y1=\"190\" y2=\"190\"/>\n")?;
        for bits in [-30, -20, -10, 0, 10, 20, 30] {
            let x = 14.5 + 10.0 * f64::from(bits + ENDS);
            writeln!(
                f,
                "<text class=\"note\" x=\"{x}\" y=\"208\" text-anchor=\"middle\">{bits}\
                </text>"
            )?;
        }
        f.write_str(
            "</svg>\n<p>Blue: links. Brown: no links, or kept apart by a rule.</p>\n\
            <details><summary>The numbers</summary>\n",
        )?;
        let seen = bars.iter().filter(|(_, links, others)| links + others > 0);
        let rows: Vec<_> = seen
            .map(|(bits, links, others)| {
                row([format!("{bits} to {}", bits + 1), links.to_string(), others.to_string()])
            })
            .collect();
        table(f, "Pairs by bits", &["bits", "links", "others"], &rows)?;
        f.write_str("</details>\n")
    }

    fn found_by(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(
            "<h2>How pairs were found</h2>\n<p>A pair counts under the first key that both \
            records share.</p>\n",
        )?;
        let rows = counted(self.outcome.found_by.iter().map(|(word, count)| (*word, *count)));
        table(f, "Pairs by what both share", &["both share", "pairs"], &rows)
    }

    fn refused(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("<h2>What was kept apart</h2>\n")?;
        let apart = self.outcome.kept_apart.iter().map(|(rule, count)| (rule.word(), *count));
        let refused = &self.outcome.people.refused;
        let refused = refused.iter().map(|(why, count)| (why.word(), *count));
        table(f, "Pairs that scored as links, by the rule", &["rule", "pairs"], &counted(apart))?;
        table(f, "Links that joined nothing, by why", &["why", "links"], &counted(refused))
    }

    fn people(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("<h2>How many records a person has</h2>\n")?;
        let sizes = sizes(&self.outcome.people);
        let rows: Vec<_> = sizes
            .iter()
            .map(|(size, people)| row([size.to_string(), people.to_string()]))
            .collect();
        table(f, "People by records", &["records", "people"], &rows)
    }

    fn columns(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("<h2>What the columns were like</h2>\n")?;
        let rows: Vec<_> = self
            .columns
            .columns
            .iter()
            .map(|(word, of)| {
                row([(*word).to_owned(), of.missing.to_string(), of.unread.to_string()])
            })
            .collect();
        let heads = ["column", "missing", "unreadable, or fails its check"];
        table(f, "Values by column", &heads, &rows)
    }

    fn levels(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(
            "<h2>What each agreement says</h2>\n<p>How often each level comes among records \
            of one person and of two, and what that says by itself, in bits. What levels say \
            together is told below.</p>\n",
        )?;
        for of in &self.outcome.model.every_field() {
            let words = of.field.levels().iter().zip(0u8..).zip(of.m.iter().zip(&of.u)).skip(1);
            let rows: Vec<_> = words
                .map(|((word, level), (m, u))| {
                    let bits = format!("{:.1}", of.bits(level));
                    row([(*word).to_owned(), format!("{m:.4}"), format!("{u:.6}"), bits])
                })
                .collect();
            let heads = ["level", "one person", "two people", "bits"];
            table(f, of.field.word(), &heads, &rows)?;
        }
        Ok(())
    }

    /// The patterns that most links have, and the most common of those in doubt.
    fn reasons(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut counts: std::collections::BTreeMap<Pattern, u64> =
            std::collections::BTreeMap::new();
        let mut doubts = counts.clone();
        for link in &self.outcome.scored {
            if link.probability >= self.threshold {
                *counts.entry(link.pattern).or_default() += 1;
            } else if link.probability >= 0.2 {
                *doubts.entry(link.pattern).or_default() += 1;
            }
        }
        f.write_str(
            "<h2>Why pairs are links, or in doubt</h2>\n<p>The patterns of agreement that \
            are most common, and the sum behind each.</p>\n",
        )?;
        for (what, of) in [("links", counts), ("pairs in doubt", doubts)] {
            let mut of: Vec<(Pattern, u64)> = of.into_iter().collect();
            of.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            for (pattern, count) in of.into_iter().take(TOLD) {
                let told = explain(&self.outcome.model, pattern);
                writeln!(f, "<h3>{count} {what}: pattern {pattern}</h3>")?;
                waterfall(f, &told)?;
            }
        }
        Ok(())
    }
}

fn truth(f: &mut Formatter<'_>, judged: &Evaluation) -> fmt::Result {
    f.write_str("<h2>Compared with the truth</h2>\n")?;
    let of = [
        (format!("links from {:.3} on (best)", judged.best.0), judged.best.1),
        (format!("links from {:.3} on (in use)", judged.in_use.0), judged.in_use.1),
        ("people".to_owned(), judged.people),
    ];
    let told = |(what, of): (String, ken_match::PairQuality)| {
        let shares = [of.precision(), of.recall(), of.f1()].map(|share| format!("{share:.4}"));
        let [precision, recall, f1] = shares;
        row([what, precision, recall, f1])
    };
    let rows: Vec<_> = of.into_iter().map(told).collect();
    table(f, "Pair by pair", &["what", "precision", "recall", "F1"], &rows)?;
    let (pairs, ceiling) = (judged.true_pairs, judged.ceiling);
    writeln!(
        f,
        "<p>{pairs} pairs are one person’s. No model could do better by these patterns \
        than F1 {ceiling:.4}.</p>"
    )
}

fn reliability(f: &mut Formatter<'_>, judged: &Evaluation) -> fmt::Result {
    f.write_str(
        "<h2>Is what is said as often so?</h2>\n<p>On the dashed line it is; below it, more \
        is said than is so. Each bar is one band of what is said.</p>\n",
    )?;
    f.write_str(
        "<svg class=\"small\" viewBox=\"0 0 320 240\" role=\"img\" aria-label=\"Share that is \
        right by what is said; the same numbers are in the table below\">\n",
    )?;
    let seen = judged.reliability.iter().filter(|(_, _, links, _)| *links > 0);
    for (low, high, links, right) in seen.clone() {
        let share = real(*right) / real(*links);
        let (x, width) = (30.0 + 280.0 * low, (280.0 * (high.min(1.0) - low)).max(1.5));
        writeln!(
            f,
            "<rect class=\"for\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" \
            height=\"{:.1}\"/>",
            210.0 - 200.0 * share,
            200.0 * share
        )?;
    }
    f.write_str(
        "<line class=\"ideal\" x1=\"30\" y1=\"210\" x2=\"310\" y2=\"10\"/>\n\
        <line class=\"axis\" x1=\"30\" y1=\"210\" x2=\"310\" y2=\"210\"/>\n\
        <text class=\"note\" x=\"30\" y=\"228\">0</text>\
        <text class=\"note\" x=\"310\" y=\"228\" text-anchor=\"end\">said: 1</text>\n</svg>\n",
    )?;
    let rows: Vec<_> = seen
        .map(|(low, high, links, right)| {
            let share = format!("{:.4}", real(*right) / real(*links));
            row([format!("{low:.3} to {high:.3}"), links.to_string(), right.to_string(), share])
        })
        .collect();
    table(f, "Reliability", &["said", "links", "right", "share"], &rows)
}

/// The sum behind a pattern: a bar from the sum before each step to the sum after it.
fn waterfall(f: &mut Formatter<'_>, told: &Explanation) -> fmt::Result {
    let sums = || told.steps.iter().map(|step| step.sum).chain([0.0]);
    let (low, high) = (sums().fold(0.0, f64::min), sums().fold(0.0, f64::max));
    let scale = 600.0 / (high - low).max(1.0);
    let height = 18.0 * f64::from(u32::try_from(told.steps.len()).unwrap_or(0));
    let place = |bits: f64| 20.0 + (bits - low) * scale;
    writeln!(
        f,
        "<svg viewBox=\"0 0 640 {height}\" role=\"img\" aria-label=\"The sum, step by step; \
        the same numbers are in the table below\">"
    )?;
    writeln!(
        f,
        "<line class=\"axis\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"0\" y2=\"{height}\"/>",
        place(0.0)
    )?;
    for (at, step) in (0u32..).zip(&told.steps) {
        let (from, to) = (place(step.sum - step.bits), place(step.sum));
        let (x, width) = (from.min(to), (to - from).abs().max(1.0));
        let class = if step.bits < 0.0 { "against" } else { "for" };
        let y = 18.0 * f64::from(at) + 3.0;
        writeln!(
            f,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" \
            height=\"12\"/>"
        )?;
    }
    f.write_str("</svg>\n")?;
    let rows: Vec<_> = told
        .steps
        .iter()
        .map(|step| {
            let bits = format!("{:+.1}", step.bits);
            row([step.what.clone(), step.how.to_owned(), bits, format!("{:.1}", step.sum)])
        })
        .collect();
    let percent = told.score.probability * 100.0;
    let over = if percent > 99.99 { "over " } else { "" };
    let caption = format!("{over}{:.2} % likely to be one person", percent.min(99.99));
    table(f, &caption, &["what", "how", "bits", "sum"], &rows)?;
    told.rule.map_or(Ok(()), |rule| writeln!(f, "<p>Not linked without a human: {rule}.</p>"))
}
