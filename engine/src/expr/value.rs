//! What an expression can be.

#[cfg(feature = "edge")]
use alloc::string::String;

/// The longest duration, in milliseconds: CEL has the range of `google.protobuf.Duration`, about 10,000 years either way.
pub(super) const MAX_DURATION: i64 = 315_576_000_000_000;

/// A value at run time. Strings are borrowed from the program or from the facts, so evaluation never allocates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// CEL's error value: something could not be computed. Never shows a nudge.
    Unknown,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number (64-bit; overflow is [`Value::Unknown`]).
    Int(i64),
    /// IEEE 754 double, computed the same on every host; only compared and added up, never formatted.
    Double(f64),
    /// A length of time in milliseconds.
    Duration(i64),
    /// Text. Settled before a program leaves the edge.
    #[cfg(feature = "edge")]
    Str(&'a str),
    /// A moment: milliseconds since 1970-01-01T00:00:00Z. Settled likewise.
    #[cfg(feature = "edge")]
    Timestamp(i64),
    /// Texts. Settled likewise.
    #[cfg(feature = "edge")]
    List(&'a [String]),
    /// Nothing; so that values borrow on either side.
    #[cfg(not(feature = "edge"))]
    #[doc(hidden)]
    Never(core::convert::Infallible, core::marker::PhantomData<&'a ()>),
}

impl Value<'_> {
    /// Whether this is `true`; an unknown is not.
    pub fn is_true(self) -> bool {
        matches!(self, Value::Bool(true))
    }
}

/// The type of an expression, known before it runs.
#[cfg(feature = "edge")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `double`
    Double,
    /// `string`
    Str,
    /// `google.protobuf.Duration`
    Duration,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `list(string)`, as facts are. Lists that are written out are looked into while compiling and are no values.
    List,
}

#[cfg(feature = "edge")]
impl Type {
    /// CEL's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Double => "double",
            Type::Str => "string",
            Type::Duration => "duration",
            Type::Timestamp => "timestamp",
            Type::List => "list",
        }
    }

    /// Whether it is made of text, which the browser does without.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Type::Str | Type::List)
    }
}
