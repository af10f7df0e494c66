//! How long a month of an app's mails takes to compute: `month <tenants> <days>`. What came of it is printed; who reads it has the clock.

use std::env;
use std::error::Error;

#[path = "../tests/life/mod.rs"]
mod life;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [tenants, days] = words.as_slice() else { return Err("how many tenants, and for how many days?".into()) };
    let report = life::simulate(tenants.parse()?, days.parse()?);
    println!("{report:#?}");
    Ok(())
}
