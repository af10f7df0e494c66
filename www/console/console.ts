// The console: a reader of the Worker's API, and an editor of its configuration. It holds no data of its own.

import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/tables.css";
import "./styles/pages.css";
import { h, render } from "preact";
import { App } from "./parts/app";
import { apply } from "./parts/theme";

apply();
const place = document.getElementById("console");
if (place) render(h(App, null), place);
