//! Letters: mails as templates, compiled at publish and filled in for one recipient.
//!
//! A template is pieces: what stands as it is, and values, links and blocks that are filled in. Which escaping a value needs is
//! settled when the template is compiled, by where the value stands ([`markup`]): nothing is escaped twice or forgotten, and nothing
//! of a template is parsed when a letter is written. What stands in a value is only ever text: no tenant called `<script>` and no user
//! with a line break in their name changes what a letter is made of.
//!
//! A value that is not known leaves no letter: nobody reads "Hi null". `{{recipient.name|there}}` says what stands in for it.

mod blocks;
mod clean;
pub mod defaults;
mod derive;
mod draft;
mod markup;
mod placeholder;
mod render;
pub mod sample;
#[cfg(test)]
mod tests;

pub use clean::escaped;
pub(crate) use draft::{Draft, Resolve, Written};
pub(crate) use placeholder::{Bit, bits};
pub use render::{Frame, Rendered, Unready};

use serde::{Deserialize, Serialize};

use crate::facts::{Fact, Input, UsageField};
use crate::wire;

/// The largest HTML, in bytes: Gmail cuts off what is longer, and with it the footer with the way out.
pub const MAX_HTML: usize = 102 * 1024;

/// A compiled template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterTemplate {
    /// What sequences call it.
    pub id: String,
    pub(crate) subject: Vec<Piece>,
    /// What an inbox shows behind the subject.
    pub(crate) preheader: Vec<Piece>,
    /// The one line that it contributes to another letter; empty: the subject.
    pub(crate) summary: Vec<Piece>,
    pub(crate) html: Vec<Piece>,
    pub(crate) text: Vec<Piece>,
}

wire! { struct LetterTemplate { id, subject, preheader, summary, html, text } }

/// A piece of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Piece {
    /// As it stands.
    Text(String),
    /// A value among text.
    Value(Filling),
    /// A value within the quotes of an attribute.
    Attribute(Filling),
    /// An address.
    Url {
        /// What it is made of.
        parts: Vec<UrlPart>,
        /// Whether it is what a reader follows, and not a picture.
        follow: bool,
    },
    /// What is left to [`blocks`].
    Block(Block),
}

wire! { enum Piece { Text(text), Value(filling), Attribute(filling), Url { parts, follow }, Block(block) } }

/// A piece of an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UrlPart {
    /// As it stands.
    Text(String),
    /// A value, percent-encoded.
    Value(Filling),
    /// The whole address that ends these letters.
    Unsubscribe,
    /// The whole address that ends all letters.
    UnsubscribeAll,
}

wire! { enum UrlPart { Text(text), Value(filling), Unsubscribe, UnsubscribeAll } }

/// What is made when a letter is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Block {
    /// The hidden line that an inbox shows behind the subject.
    Preheader,
    /// The summaries of letters that were merged into this one, under this heading; nothing where there are none.
    Also(String),
    /// Who sent it to whom, from where, and the ways out.
    Footer,
    /// The picture that tells of an opened letter; nothing where none is wanted.
    Pixel,
    /// How much of the limit of a meter is used, drawn.
    Bar(u16),
}

wire! { enum Block { Preheader, Also(heading), Footer, Pixel, Bar(meter) } }

/// A value to be filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filling {
    /// As it is written, for messages.
    pub(crate) name: String,
    /// Where it is read.
    pub(crate) source: Source,
    /// What stands in for it where it is not known.
    pub(crate) fallback: Option<String>,
}

wire! { struct Filling { name, source, fallback } }

/// Where a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    /// Among the facts.
    Fact(Fact),
    /// The recipient's name.
    RecipientName,
    /// The recipient's address.
    RecipientEmail,
    /// The tenant's id.
    Tenant,
    /// What the app is called.
    App,
    /// The app's postal address.
    PostalAddress,
}

wire! { enum Source { Fact(fact), RecipientName, RecipientEmail, Tenant, App, PostalAddress } }

/// What a placeholder stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A value.
    Value(Filling),
    /// The address that the configuration calls by this name.
    Link(UrlPart),
    /// A block.
    Block(Block),
}

/// Something wrong with what is written of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// A stable code.
    pub code: &'static str,
    /// The byte it begins at, where that is known.
    pub at: Option<usize>,
    /// What is wrong and what to do about it.
    pub detail: String,
}

impl Flaw {
    /// What is not written as HTML or MJML must be.
    pub fn markup(at: Option<usize>, detail: impl Into<String>) -> Self {
        Self { code: "bad_markup", at, detail: detail.into() }
    }
}

/// How MJML becomes HTML, or what is wrong with it: given by the host, as it takes a library.
pub type Mjml = fn(&str) -> Result<String, Vec<Flaw>>;

impl LetterTemplate {
    /// The facts that it reads.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        let bars =
            self.html.iter().filter_map(|piece| if let Piece::Block(Block::Bar(meter)) = piece { Some(percent(*meter)) } else { None });
        self.fillings().filter_map(|filling| if let Source::Fact(fact) = filling.source { Some(fact) } else { None }).chain(bars)
    }

    fn fillings(&self) -> impl Iterator<Item = &Filling> {
        let lists = [&self.subject, &self.preheader, &self.summary, &self.html, &self.text];
        lists.into_iter().flatten().flat_map(|piece| match piece {
            Piece::Value(filling) | Piece::Attribute(filling) => vec![filling],
            Piece::Url { parts, .. } => parts.iter().filter_map(|part| if let UrlPart::Value(f) = part { Some(f) } else { None }).collect(),
            Piece::Text(_) | Piece::Block(_) => Vec::new(),
        })
    }
}

/// How much of a meter's limit is used.
fn percent(meter: u16) -> Fact {
    Fact::Input(Input::Usage { meter, field: UsageField::Percent })
}
