//! Tables for spreadsheets: RFC 4180, and no cell that a spreadsheet would take for a formula.

use csv_core::{Terminator, WriteResult, Writer, WriterBuilder};

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
    pub(crate) fn finish(mut self) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
