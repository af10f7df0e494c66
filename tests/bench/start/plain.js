// A page that asks nobody: what its browser needs for a banner anyway.
window.bench.decided("always");
window.bench.paint("always");
