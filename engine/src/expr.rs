//! Expressions: a typed subset of CEL, the Common Expression Language (<https://github.com/google/cel-spec>).
//!
//! Two stages. *Source* is what people write; the edge parses and type-checks it ([`compile`], feature `edge`). The
//! *program* is flat, validated and cannot fail; both sides evaluate it ([`Program::eval`]) without allocating. An error at
//! run time (division by zero, a limit that does not exist) is a value, [`Value::Unknown`], and spreads as CEL's errors do:
//! `false && unknown` is `false`, `true || unknown` is `true`, in either order.
//!
//! Between the two lies the *residual* ([`Program::residual`]): what is left for the browser once everything that only the edge
//! knows is settled.

#[cfg(feature = "edge")]
mod check;
mod eval;
#[cfg(feature = "edge")]
mod lexer;
#[cfg(feature = "edge")]
#[cfg_attr(not(test), expect(dead_code, reason = "the checker has neither CEL's durations nor timestamps yet"))]
mod literals;
#[cfg(feature = "edge")]
mod parser;
#[cfg(feature = "edge")]
mod parts;
mod program;
#[cfg(feature = "edge")]
mod residual;
#[cfg(feature = "edge")]
mod strings;
mod value;

#[cfg(feature = "edge")]
pub use check::{ExprProblem, Names, compile};
pub use eval::Lookup;
pub use program::{Op, Program};
#[cfg(feature = "edge")]
pub use residual::{Settle, Settled};
#[cfg(feature = "edge")]
pub use value::Type;
pub use value::Value;
