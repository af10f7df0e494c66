//! Histories made up and played again.

mod backtest;
mod codec;
mod made;
mod replay;
