/** The gallery: every component and chart with made-up data, for looking and for tests. */
import { render } from "preact";
import { useState } from "preact/hooks";
import "../tokens.css";
import "../kit/kit.css";
import "../chart/chart.css";
import "./gallery.css";
import { Segmented, ToastRegion } from "../kit/index.ts";
import { ChartSamples } from "./chart-samples.tsx";
import { KitSamples } from "./kit-samples.tsx";

const wanted = new URLSearchParams(location.search).get("theme");
if (wanted === "light" || wanted === "dark") document.documentElement.dataset.theme = wanted;

function Gallery() {
  const [theme, setTheme] = useState<string>(wanted ?? "system");
  const choose = (value: string) => {
    setTheme(value);
    if (value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
  };
  return (
    <>
      <header class="g-head">
        <h1>Gallery</h1>
        <Segmented
          label="Theme"
          value={theme}
          onChange={choose}
          options={[
            { value: "system", label: "System" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
        />
      </header>
      <main class="g-main">
        <h2 class="g-part">Controls</h2>
        <KitSamples />
        <h2 class="g-part">Charts</h2>
        <ChartSamples />
      </main>
      <ToastRegion />
    </>
  );
}

const page = document.getElementById("page");
if (page === null) throw new Error("the page has no element with the id page");
render(<Gallery />, page);
