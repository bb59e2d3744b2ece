//! Text in lines, as HTML flows.
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Writes text: blanks run together, and line breaks wait until something follows them.
#[derive(Debug)]
pub(crate) struct Writer {
    out: String,
    /// Line ends owed before the next character; a blank is owed if there are none.
    breaks: usize,
    blank: bool,
    /// The quotation that all of the owed lines are in.
    between: usize,
    quotes: usize,
    preformatted: usize,
    /// The number of the next item of each open list.
    lists: Vec<Option<u32>>,
    /// What stands before the text of the item at hand.
    marker: Option<String>,
    cell: bool,
    indent: usize,
    /// Whether nothing is on the line.
    fresh: bool,
}

impl Writer {
    pub(crate) const fn new(indent: usize) -> Self {
        Self {
            out: String::new(),
            breaks: 0,
            blank: false,
            between: 0,
            quotes: 0,
            preformatted: 0,
            lists: Vec::new(),
            marker: None,
            cell: false,
            indent,
            fresh: true,
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' if self.preformatted > 0 => self.line_break(),
                ' ' | '\t' if self.preformatted > 0 => self.character(c),
                ' ' | '\t' | '\r' | '\n' | '\u{c}' => self.blank = true,
                c => self.character(c),
            }
        }
    }

    /// Writes a character that does not run together with its neighbours.
    pub(crate) fn character(&mut self, c: char) {
        match c {
            // A soft hyphen is shown only where a line is broken.
            '\u{ad}' => return,
            c if c.is_control() && c != '\t' => return,
            _ => {}
        }
        self.start();
        // A no-break space.
        self.out.push(if c == '\u{a0}' { ' ' } else { c });
    }

    /// Owes one more line end; two of them leave a line empty.
    pub(crate) fn line_break(&mut self) {
        self.owe(self.breaks + 1);
        self.blank = false;
    }

    /// Begins or ends a block: so many line ends at least.
    pub(crate) fn block(&mut self, breaks: usize) {
        if self.marker.is_none() {
            self.owe(self.breaks.max(breaks));
        }
        (self.blank, self.cell) = (false, false);
    }

    fn owe(&mut self, breaks: usize) {
        if self.breaks == 0 {
            self.between = self.quotes;
        }
        self.breaks = if self.out.is_empty() { 0 } else { breaks };
    }

    /// Begins a cell of a table.
    pub(crate) fn cell(&mut self) {
        if self.breaks == 0 && !self.fresh {
            self.cell = true;
        }
    }

    pub(crate) fn quote(&mut self, open: bool) {
        self.block(2);
        self.quotes = if open { self.quotes + 1 } else { self.quotes.saturating_sub(1) };
        self.between = self.between.min(self.quotes);
    }

    pub(crate) fn preformatted(&mut self, open: bool) {
        self.block(2);
        let depth = self.preformatted;
        self.preformatted = if open { depth + 1 } else { depth.saturating_sub(1) };
    }

    pub(crate) fn open_list(&mut self, first: Option<u32>) {
        self.block(if self.lists.is_empty() { 2 } else { 1 });
        self.lists.push(first);
    }

    pub(crate) fn close_list(&mut self) {
        self.lists.pop();
        self.marker = None;
        self.block(if self.lists.is_empty() { 2 } else { 1 });
    }

    pub(crate) fn item(&mut self) {
        self.marker = None;
        self.block(1);
        self.marker = Some(match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => String::from("- "),
        });
    }

    pub(crate) const fn len(&self) -> usize {
        self.out.len()
    }

    pub(crate) fn since(&self, start: usize) -> &str {
        self.out.get(start..).unwrap_or_default()
    }

    /// Returns the text, with one line end at its end.
    pub(crate) fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }

    /// Writes what is owed before a character.
    fn start(&mut self) {
        if self.breaks > 0 {
            self.flush_breaks();
        } else if self.cell {
            self.out.push('\t');
        } else if self.blank && !self.fresh {
            self.out.push(' ');
        }
        if self.fresh {
            self.prefix(self.quotes);
            let depth = self.lists.len().min(self.indent + 1);
            // Lines under an item stand where its text does.
            let depth = if self.marker.is_some() { depth.saturating_sub(1) } else { depth };
            (0..depth).for_each(|_| self.out.push_str("  "));
            self.out.push_str(&self.marker.take().unwrap_or_default());
        }
        (self.blank, self.cell, self.fresh) = (false, false, false);
    }

    /// Writes the line ends that are owed; a quotation goes on over empty lines.
    fn flush_breaks(&mut self) {
        while self.breaks > 0 {
            self.breaks -= 1;
            if self.fresh {
                self.prefix(self.between);
            }
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
            self.fresh = true;
        }
    }

    fn prefix(&mut self, quotes: usize) {
        (0..quotes.min(self.indent)).for_each(|_| self.out.push_str("> "));
    }
}
