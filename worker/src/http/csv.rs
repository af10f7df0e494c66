//! Tables for spreadsheets: RFC 4180, and no cell that a spreadsheet would take for a formula.

use csv_core::{Terminator, WriteResult, Writer, WriterBuilder};
use worker::{Headers, Request, Response};

use super::Query;
use crate::problem::{ApiError, ApiResult, Code};

/// What a spreadsheet may take for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// What is in a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'a> {
    /// What others have written: with a `'` before what would be a formula.
    Text(&'a str),
    /// What was made here.
    Safe(&'a str),
}

/// A table being written.
#[derive(Debug)]
pub(crate) struct Csv {
    writer: Writer,
    bytes: Vec<u8>,
}

impl Csv {
    /// A table with its header.
    pub(crate) fn new(header: &[&str]) -> Self {
        let writer = WriterBuilder::new().terminator(Terminator::CRLF).build();
        let mut csv = Self { writer, bytes: Vec::new() };
        csv.row(&header.iter().map(|name| Cell::Safe(name)).collect::<Vec<_>>());
        csv
    }

    /// Whether a table is wanted: by `format`, else by what the request accepts.
    pub(crate) fn is_wanted(req: &Request, query: &Query) -> ApiResult<bool> {
        match query.get("format") {
            Some("csv") => Ok(true),
            Some("json") => Ok(false),
            Some(_) => Err(ApiError::new(Code::InvalidRequest, "`format` must be json or csv")),
            None => Ok(req.headers().get("accept")?.is_some_and(|accept| prefers_csv(&accept))),
        }
    }

    /// The table as a file of this name.
    pub(crate) fn answer(self, name: &str) -> ApiResult<Response> {
        let headers = Headers::new();
        headers.set("content-type", "text/csv; charset=utf-8; header=present")?;
        headers.set("content-disposition", &format!("attachment; filename=\"{name}.csv\""))?;
        headers.set("cache-control", "no-store")?;
        Ok(Response::from_bytes(self.finish())?.with_headers(headers))
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: &[Cell<'_>]) {
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                self.write(Writer::delimiter);
            }
            match cell {
                // In one piece: whether a cell is quoted is decided once, by the first.
                Cell::Text(text) if text.starts_with(FORMULA) => self.field(&format!("'{text}")),
                Cell::Text(text) | Cell::Safe(text) => self.field(text),
            }
        }
        self.write(Writer::terminator);
    }

    /// The table's bytes, in UTF-8.
    fn finish(mut self) -> Vec<u8> {
        self.write(Writer::finish);
        self.bytes
    }

    fn field(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        self.write(|writer, output| {
            let (result, read, written) = writer.field(rest, output);
            rest = rest.get(read..).unwrap_or_default();
            (result, written)
        });
    }

    /// Writes by way of a small buffer until all is written.
    fn write(&mut self, mut step: impl FnMut(&mut Writer, &mut [u8]) -> (WriteResult, usize)) {
        let mut buffer = [0; 128];
        loop {
            let (result, written) = step(&mut self.writer, &mut buffer);
            self.bytes.extend_from_slice(buffer.get(..written).unwrap_or_default());
            if matches!(result, WriteResult::InputEmpty) {
                return;
            }
        }
    }
}

/// Whether a header of what is accepted names CSV and not JSON before it.
fn prefers_csv(accept: &str) -> bool {
    let mut kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.find(|kind| ["text/csv", "application/json"].contains(kind)) == Some("text/csv")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_is_for_those_who_ask_for_one() {
        for (accept, expected) in [
            ("text/csv", true),
            ("text/csv;q=0.9, application/json;q=0.1", true),
            ("application/json, text/csv", false),
            ("text/html, text/csv", true),
            ("*/*", false),
            ("", false),
            ("text/csvx", false),
        ] {
            assert_eq!(prefers_csv(accept), expected, "{accept}");
        }
    }

    fn written(cells: &[Cell<'_>]) -> String {
        let mut csv = Csv::new(&["head"]);
        csv.row(cells);
        String::from_utf8(csv.finish()).expect("UTF-8").strip_prefix("head\r\n").expect("the header").to_owned()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        for (text, expected) in [
            ("acme", "acme\r\n"),
            ("", "\"\"\r\n"),
            ("a,b", "\"a,b\"\r\n"),
            ("say \"hi\"", "\"say \"\"hi\"\"\"\r\n"),
            ("two\r\nlines", "\"two\r\nlines\"\r\n"),
            ("Zoë €", "Zoë €\r\n"),
        ] {
            assert_eq!(written(&[Cell::Text(text)]), expected, "{text}");
        }
        assert_eq!(written(&[Cell::Text("a"), Cell::Safe("1"), Cell::Safe("")]), "a,1,\r\n");
    }

    #[test]
    fn no_cell_that_others_wrote_is_a_formula() {
        for (text, expected) in [
            ("=1+1", "'=1+1\r\n"),
            ("+49 30", "'+49 30\r\n"),
            ("-1", "'-1\r\n"),
            ("@SUM(A1)", "'@SUM(A1)\r\n"),
            ("\t=1", "'\t=1\r\n"),
            ("\r=1", "\"'\r=1\"\r\n"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"\r\n"),
            ("a=1", "a=1\r\n"),
        ] {
            assert_eq!(written(&[Cell::Text(text)]), expected, "{text:?}");
        }
        assert_eq!(written(&[Cell::Safe("-1")]), "-1\r\n");
    }

    proptest! {
        #[test]
        fn a_reader_finds_what_was_written(cells in prop::collection::vec("[a-z\",\r\n ü]{0,300}", 1..5)) {
            let line = written(&cells.iter().map(|cell| Cell::Safe(cell)).collect::<Vec<_>>());
            let (mut output, mut ends) = ([0; 4_096], [0; 8]);
            let (_, _, _, fields) = csv_core::Reader::new().read_record(line.as_bytes(), &mut output, &mut ends);
            let read: Vec<&str> = (0..fields).map(|i| {
                let start = if i == 0 { 0 } else { ends[i - 1] };
                std::str::from_utf8(&output[start..ends[i]]).expect("UTF-8")
            }).collect();
            prop_assert_eq!(read, cells);
        }
    }
}
