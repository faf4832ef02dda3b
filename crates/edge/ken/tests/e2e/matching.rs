//! `ken match`: files in, links and people out, and nothing of anybody on a screen.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use ken_columns::{Cell, Form, Reader, Writer};

use crate::process::run;

const HEAD: &str = "rec_id,given_name,surname,date_of_birth,sex,address_1,postcode,chi,who";

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Two hundred people, each of whom a second source spells otherwise.
fn records(dir: &Path) -> String {
    let starts = ["Mac", "Fer", "Kow", "Hus", "Bal", "Cra", "Dun", "Gil", "Har", "Lin"];
    let ends = ["donald", "guson", "alski", "sain", "four", "wford", "can", "lespie", "vey", "ton"];
    let forenames = ["Fiona", "William", "Agnieszka", "Mohammed", "Xiu"];
    let others = ["Fiona", "Bill", "Agnieska", "Muhammad", "Xiu"];
    let mut text = format!("{HEAD}\n");
    for n in 0..200usize {
        let (start, end, name) = (starts[n % 10], ends[n / 10 % 10], n * 7 % 5);
        let (year, month, day) = (1930 + n * 37 % 80, 1 + n * 5 % 12, 1 + n * 11 % 28);
        let rest = format!("{} Canary Street,EH{} {}AA,,p{n}", 1 + n % 90, 1 + n % 16, 1 + n % 9);
        let one = format!("{start}{end},{year}-{month:02}-{day:02},F,{rest}");
        let other = format!("{start}{end},{day:02}/{month:02}/{year},F,{rest}");
        writeln!(text, "a{n},{},{one}", forenames[name]).unwrap();
        writeln!(text, "\"b,{n}\",{},{other}", others[name]).unwrap();
    }
    let path = dir.join("people.csv");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn records_of_one_person_are_found_and_nobody_is_on_the_screen() {
    let dir = tempfile::tempdir().unwrap();
    let file = records(dir.path());
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (links, people) = (path("links.csv"), path("who.csv"));
    let of = ["match", "dedupe", &file, "--out", &links, "--clusters", &people];
    let output = run(&of);
    // What no field is read from is said, so that nobody thinks it was.
    assert!(told(&output).contains("nothing is read from (see --map): who"), "{}", told(&output));
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("forename         given_name"), "{}", told(&output));
    let screen = format!("{}{}", told(&output), String::from_utf8_lossy(&output.stdout));
    for canary in ["MacDonald", "donald", "Canary", "b,1", "a199"] {
        assert!(!screen.contains(canary), "{canary} in {screen}");
    }
    let written = fs::read_to_string(&links).unwrap();
    assert!(written.starts_with("rec_id_l,rec_id_r,probability,bits,pattern\n"));
    assert!(written.contains("a7,\"b,7\",0.99"), "{written}");
    let persons = fs::read_to_string(&people).unwrap();
    assert_eq!(persons.lines().count(), 401);
    let companion = fs::read_to_string(path("links.csv.json")).unwrap();
    assert!(companion.contains("\"model\": \"2-") && companion.contains("\"records\": ["));
    let again = run(&of);
    assert!(!again.status.success() && told(&again).contains("ken.match-exists"));
    // The ids of before are kept, and a pattern of the file can be explained.
    let (links, later) = (path("links2.csv"), path("who2.csv"));
    let of = ["match", "dedupe", &file, "--out", &links, "--clusters", &later];
    assert!(run(&[&of[..], &["--earlier", &people]].concat()).status.success());
    assert_eq!(fs::read_to_string(&later).unwrap(), persons);
    let pattern = written.lines().nth(1).and_then(|line| line.rsplit(',').next()).unwrap();
    let explained = run(&["match", "explain", pattern]);
    let explained = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(explained.contains("date of birth: same"), "{explained}");
}

/// The same records as a file of columns.
fn as_columns(csv: &str) -> String {
    let text = fs::read_to_string(csv).unwrap();
    let columns: Vec<_> = HEAD.split(',').map(|name| (name, Form::Text)).collect();
    let mut writer = Writer::new(Vec::new(), &columns).unwrap();
    for line in text.lines().skip(1) {
        // The only quotes are around ids, which hold a comma.
        let line = line.replace("b,", "b;");
        let values: Vec<String> =
            line.split(',').map(|value| value.replace('"', "").replace(';', ",")).collect();
        let cells: Vec<_> = values.iter().map(|value| Cell::Text(value)).collect();
        writer.push(&cells).unwrap();
    }
    let path = csv.replace(".csv", ".parquet");
    fs::write(&path, writer.finish(&[]).unwrap()).unwrap();
    path
}

/// All rows of a file of columns, as lines.
fn lines(path: &str) -> (Vec<String>, String) {
    let mut reader = Reader::open(fs::File::open(path).unwrap()).unwrap();
    let many = reader.heads().count();
    let mut lines = vec![reader.heads().collect::<Vec<_>>().join(",")];
    reader.select(0..many).unwrap();
    while reader.next().unwrap() {
        let values: Vec<_> = (0..many).map(|at| reader.get(at)).collect();
        lines.push(values.join(","));
    }
    (lines, reader.note("ken-model").unwrap_or_default().to_owned())
}

#[test]
fn files_of_columns_say_what_lines_say() {
    let dir = tempfile::tempdir().unwrap();
    let file = records(dir.path());
    let columns = as_columns(&file);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (links, people) = (path("links.csv"), path("who.csv"));
    let of = ["match", "dedupe", &file, "--out", &links, "--clusters", &people];
    assert!(run(&of).status.success());
    let (l2, p2) = (path("links.parquet"), path("who.parquet"));
    let output = run(&["match", "dedupe", &columns, "--out", &l2, "--clusters", &p2]);
    assert!(output.status.success(), "{}", told(&output));
    let plain = |path: &str| fs::read_to_string(path).unwrap().replace('"', "");
    assert_eq!(lines(&p2).0, plain(&people).lines().collect::<Vec<_>>());
    let (found, model) = lines(&l2);
    assert!(told(&output).contains(&format!("Model {model}")) && model.starts_with("2-"));
    assert_eq!(found[0], "rec_id_l,rec_id_r,probability,bits,pattern");
    let ends = |line: &str| {
        let values: Vec<&str> = line.rsplitn(4, ',').collect();
        let number = |at: usize| values[at].parse::<f64>().unwrap();
        (values[3].to_owned(), values[0].to_owned(), [number(1), number(2)])
    };
    let lines_of = plain(&links);
    assert_eq!(found.len(), lines_of.lines().count());
    for (one, other) in found.iter().zip(lines_of.lines()).skip(1) {
        let ((ids, pattern, x), (ids2, pattern2, y)) = (ends(one), ends(other));
        assert_eq!((ids, pattern), (ids2, pattern2));
        assert!(x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-3), "{one} {other}");
    }
    // A run goes on from the people of another, whichever way they were written.
    let (l3, p3) = (path("links3.csv"), path("who3.csv"));
    let again = ["match", "dedupe", &file, "--out", &l3, "--clusters", &p3, "--earlier", &p2];
    assert!(run(&again).status.success());
    assert_eq!(fs::read_to_string(&p3).unwrap(), fs::read_to_string(&people).unwrap());
    // A part of a file, and another file under its name, are told as such.
    let whole = fs::read(&columns).unwrap();
    fs::write(path("part.parquet"), &whole[..whole.len() / 2]).unwrap();
    fs::copy(&file, path("lines.parquet")).unwrap();
    for bad in ["part.parquet", "lines.parquet"] {
        let output = run(&["match", "dedupe", &path(bad), "--out", &path("no.csv")]);
        assert!(!output.status.success(), "{bad}");
        assert!(told(&output).contains("columns.not-parquet"), "{}", told(&output));
    }
}

#[test]
fn a_list_gets_the_numbers_of_a_register_and_humans_get_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let text = fs::read_to_string(records(dir.path())).unwrap();
    // Every person's first record is the register, with a number; the other is the list, without.
    let (mut register, mut list) = (format!("{HEAD}\n"), format!("{HEAD}\n"));
    for (n, line) in (0u64..).zip(text.lines().skip(1).step_by(2)) {
        let number = ken_core::identifier::Chi::impossible(n);
        writeln!(register, "{}", line.replace(",,p", &format!(",{},p", number.reveal()))).unwrap();
    }
    for line in text.lines().skip(2).step_by(2) {
        writeln!(list, "{line}").unwrap();
    }
    let wrong = text.lines().nth(399).unwrap().replace("a199", "c199");
    writeln!(list, "{}", wrong.replace(",,p", ",3201209995,p")).unwrap();
    writeln!(list, "new,Zebedee,Quux,1911-11-11,M,1 Far Lane,ZE1 0AA,,p999").unwrap();
    fs::write(path("register.csv"), register).unwrap();
    fs::write(path("list.csv"), list).unwrap();
    let (out, queue) = (path("seeded.csv"), path("queue.csv"));
    let (list, register) = (path("list.csv"), path("register.csv"));
    let of = ["match", "seed", &list, "--register", &register, "--out", &out, "--queue", &queue];
    let output = run(&of);
    assert!(output.status.success(), "{}", told(&output));
    let seeded = fs::read_to_string(&out).unwrap();
    assert!(seeded.starts_with("line,rec_id,chi,check,probability,bits,pattern\n"), "{seeded}");
    let first = ken_core::identifier::Chi::impossible(0);
    let want = format!("1,\"b,0\",{},{},0.9", first.reveal(), first.rule().code());
    assert!(seeded.contains(&want), "{want} in {seeded}");
    assert!(seeded.lines().count() > 150, "{seeded}");
    let queued = fs::read_to_string(&queue).unwrap();
    assert_eq!(seeded.lines().count() + queued.lines().count(), 204);
    assert!(queued.contains("\n201,c199,number-fails-check,"), "{queued}");
    assert!(queued.contains("\n202,new,nobody,0,,"), "{queued}");
    assert!(told(&output).contains("record 201: the number fails its check"));
    let screen = format!("{}{}", told(&output), String::from_utf8_lossy(&output.stdout));
    for canary in ["MacDonald", "Canary", "b,1", "3201209995", first.reveal(), "c199"] {
        assert!(!screen.contains(canary), "{canary} in {screen}");
    }
    // The same as files of columns, which name the model.
    let (again, rest) = (path("s2.parquet"), path("q2.parquet"));
    let of = ["match", "seed", &list, "--register", &register, "--out", &again, "--queue", &rest];
    assert!(run(&of).status.success());
    assert_eq!(lines(&again).0.len(), seeded.lines().count());
    assert!(lines(&rest).1.starts_with("2-"));
}

#[test]
fn an_answer_is_compared_with_the_truth_by_a_model_that_was_learnt() {
    let dir = tempfile::tempdir().unwrap();
    let file = records(dir.path());
    let model = dir.path().join("model.json").to_str().unwrap().to_owned();
    let learnt = run(&["match", "train", &file, "--out", &model]);
    assert!(learnt.status.success(), "{}", told(&learnt));
    let judged = run(&["match", "evaluate", &file, "--truth", "who", "--model", &model]);
    let said = String::from_utf8_lossy(&judged.stdout).into_owned();
    assert!(judged.status.success() && said.contains("true pairs 200"), "{said}");
    let people = said.lines().find(|line| line.starts_with("people")).unwrap();
    let f1: f64 = people.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(f1 > 0.95, "{said}");
    // Two names are no signatures: what people decided counts once somebody's key is known.
    let mut forged: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&model).unwrap()).unwrap();
    forged["decided"] = serde_json::json!([["0.0.0.0.0.0.0.0.0", 3.0]]);
    let names = ["one", "two"].map(|name| serde_json::json!({ "name": name, "signature": "" }));
    forged["signatures"] = names.into_iter().collect();
    let path = dir.path().join("forged.json").to_str().unwrap().to_owned();
    fs::write(&path, forged.to_string()).unwrap();
    let refused = run(&["match", "evaluate", &file, "--truth", "who", "--model", &path]);
    assert!(told(&refused).contains("match.model-unsigned"), "{}", told(&refused));
}

#[test]
fn the_page_of_a_run_tells_counts_and_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let file = records(dir.path());
    let page = dir.path().join("page.html").to_str().unwrap().to_owned();
    let of = ["match", "evaluate", &file, "--truth", "who", "--report", &page];
    let output = run(&of);
    assert!(output.status.success(), "{}", told(&output));
    let text = fs::read_to_string(&page).unwrap();
    let heads = ["How much speaks for each pair", "Is what is said as often so?"];
    let more = ["How pairs were found", "Why pairs are links, or in doubt", "person’s"];
    for want in heads.into_iter().chain(more) {
        assert!(text.contains(want), "{want}");
    }
    for (open, close) in [("<table", "</table>"), ("<svg", "</svg>"), ("<tr>", "</tr>")] {
        assert!(text.matches(open).count() > 1, "{open}");
        assert_eq!(text.matches(open).count(), text.matches(close).count(), "{open}");
    }
    // Nothing of a record, nothing that runs, nothing that is fetched.
    for never in ["donald", "Canary", "b,1", "a199", "EH1", "<script", "http:", "https:", "NaN"] {
        assert!(!text.contains(never), "{never}");
    }
    assert!(text.contains("default-src 'none'"));
    let again = run(&of);
    assert!(!again.status.success() && told(&again).contains("ken.match-exists"));
}

#[test]
fn two_files_are_linked_where_each_holds_a_person_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let row = "Fiona,MacLeod,1974-03-21,F,12 High Street,PH1 1AA,,p";
    fs::write(path("a.csv"), format!("{HEAD}\na1,{row}\na2,{row}\n")).unwrap();
    fs::write(path("b.csv"), format!("{HEAD}\nb1,{row}\n")).unwrap();
    let links = path("links.csv");
    let output = run(&["match", "link", &path("a.csv"), &path("b.csv"), "--out", &links]);
    assert!(output.status.success(), "{}", told(&output));
    let written = fs::read_to_string(&links).unwrap();
    assert!(!written.contains("a1,a2"), "{written}");
    assert!(told(&output).contains("Columns of"), "{}", told(&output));
}

#[test]
fn what_is_wrong_with_a_file_is_said_plainly() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let out = path("out.csv");
    let check = |file: &str, more: &[&str], code: &str| {
        let output = run(&[&["match", "dedupe", file, "--out", &out], more].concat());
        assert!(!output.status.success() && told(&output).contains(code), "{}", told(&output));
        assert!(!Path::new(&out).exists());
    };
    fs::write(path("empty.csv"), "").unwrap();
    fs::write(path("other.csv"), "colour,size\nred,1\n").unwrap();
    fs::write(path("good.csv"), format!("{HEAD}\n")).unwrap();
    check(&path("none.csv"), &[], "ken.match-unread");
    check(&path("empty.csv"), &[], "ken.match-columns");
    check(&path("other.csv"), &[], "ken.match-columns");
    check(&path("good.csv"), &["--map", "born=colour"], "ken.match-columns");
    fs::write(path("long.csv"), format!("id,surname,dob\n{},Gray,1974-03-21\n", "x".repeat(257)))
        .unwrap();
    check(&path("long.csv"), &[], "ken.match-id");
    check(&path("good.csv"), &["--model", &path("good.csv")], "match.model-unreadable");
    check(&path("good.csv"), &["--earlier", &path("good.csv")], "ken.match-earlier");
    let none = run(&["match", "dedupe", &path("good.csv"), "--out", &out]);
    assert!(none.status.success(), "{}", told(&none));
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 1);
    // Zeros that a spreadsheet took, one birthday for all, and bytes that are no text.
    let mut odd = format!("{HEAD}\n").into_bytes();
    for n in 0..30 {
        odd.extend(format!("{n},Ann\0,Sm\0th{n},1990-01-01,F,,,32012099{}6,p\n", n % 3).bytes());
    }
    odd.extend(b"x,Se\xe1n,\xff,1990-01-01,M,,,320120999,p\n");
    fs::write(path("odd.csv"), odd).unwrap();
    let said = run(&["match", "dedupe", &path("odd.csv"), "--out", &path("odd-out.csv")]);
    assert!(said.status.success(), "{}", told(&said));
    for want in ["have nine digits", "31 of 31 records", "ISO 8859-1", "empty in every record"] {
        assert!(told(&said).contains(want), "{want} not in {}", told(&said));
    }
}
