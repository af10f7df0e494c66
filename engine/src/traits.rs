//! Traits: what an app says of its users and tenants, as configuration declares it.
//!
//! Expressions read them as `user.<name>` and `tenant.<name>`, so no trait may be called like a field that is there already
//! ([`Traits::USER_FIELDS`], [`Traits::TENANT_FIELDS`]).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::wire;

/// The traits of an app; facts and programs number them by position.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traits {
    /// What is said of a user, in the order of the document.
    pub user: Vec<Trait>,
    /// What is said of a tenant, likewise.
    pub tenant: Vec<Trait>,
}

wire! { struct Traits { user, tenant } }

impl Traits {
    /// What expressions read of a user without anybody declaring it.
    pub const USER_FIELDS: [&str; 2] = ["role", "age"];
    /// What expressions read of a tenant without anybody declaring it.
    pub const TENANT_FIELDS: [&str; 2] = ["age", "seats"];
}

/// One trait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trait {
    /// The name expressions use.
    pub key: String,
    /// What people read ("Industry").
    pub label: String,
    /// What its values are.
    pub of: TraitKind,
}

wire! { struct Trait { key, label, of } }

/// What the values of a trait are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TraitKind {
    /// A string.
    #[default]
    Text,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// True or false.
    Bool,
    /// A list of strings.
    List,
}

wire! { enum TraitKind { Text, Int, Double, Bool, List } }

impl TraitKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Text, Self::Int, Self::Double, Self::Bool, Self::List];

    /// The word in configuration: CEL's name of the type.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Int => "int",
            Self::Double => "double",
            Self::Bool => "bool",
            Self::List => "list",
        }
    }
}

/// What a trait is for one user or tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TraitValue {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number, as the bits of a double.
    Double(u64),
    /// Yes or no.
    Bool(bool),
    /// Texts.
    List(Vec<String>),
}

wire! { enum TraitValue { Text(value), Int(value), Double(bits), Bool(value), List(texts) } }

impl TraitValue {
    /// What kind of value it is.
    pub fn kind(&self) -> TraitKind {
        match self {
            Self::Text(_) => TraitKind::Text,
            Self::Int(_) => TraitKind::Int,
            Self::Double(_) => TraitKind::Double,
            Self::Bool(_) => TraitKind::Bool,
            Self::List(_) => TraitKind::List,
        }
    }

    /// As a trait of this kind: JSON writes a double without a fraction as a whole number.
    #[must_use]
    pub fn fitted(self, kind: Option<TraitKind>) -> Self {
        match (self, kind) {
            #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 JSON's numbers are no more exact")]
            (Self::Int(n), Some(TraitKind::Double)) => Self::Double((n as f64).to_bits()),
            (value, _) => value,
        }
    }
}
