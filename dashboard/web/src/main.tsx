import { render } from "preact";

import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/live.css";
import { begin } from "./state";
import { start_theme } from "./view/theme";
import { Page } from "./view/page";

start_theme();
void begin();
render(<Page />, document.getElementById("page") as HTMLElement);
