//! Traits: what the app's back end says of its users and tenants, declared in the configuration so that rules can be checked.

use serde::{Deserialize, Serialize};

use crate::wire;

/// A declared trait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trait {
    /// The name events and expressions use.
    pub key: String,
    /// What people read.
    pub label: String,
    /// What it holds.
    pub of: TraitKind,
}

wire! { struct Trait { key, label, of } }

/// What a trait holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TraitKind {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// Yes or no.
    Bool,
    /// Texts.
    List,
}

wire! { enum TraitKind { Text, Int, Double, Bool, List } }

impl TraitKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Text, Self::Int, Self::Double, Self::Bool, Self::List];

    /// The word in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Int => "int",
            Self::Double => "double",
            Self::Bool => "bool",
            Self::List => "list",
        }
    }
}

/// The declared traits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traits {
    /// Those of users.
    pub user: Vec<Trait>,
    /// Those of tenants.
    pub tenant: Vec<Trait>,
}

wire! { struct Traits { user, tenant } }

/// What a trait is.
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
