"use strict";
// The controls of a report. They change what is shown, and never what was recorded.
(() => {
  const report = JSON.parse(document.getElementById("report-data").textContent);
  const byId = (id) => document.getElementById(id);
  const model = (name) => Bokeh.documents[0].get_model_by_name(name);

  // ---------------------------------------------------------------- accuracy: the choice of the horizontal axis
  function chooseAxis(number) {
    const axis = report.axes[number];
    for (const name of report.curves) {
      const source = model(name).data_source;
      source.data = { ...source.data, x: source.data[axis.field] };
    }
    model("accuracy-range").setv({ start: 0, end: axis.end || 1, reset_start: 0, reset_end: axis.end || 1 });
    model("accuracy-axis").axis_label = axis.label;
  }

  // ------------------------------------------------------------------ timeline: the slider that moves the window
  function moveWindow(number, share) {
    const view = report.views[number];
    const range = model(view.range_name);
    const width = range.end - range.start;
    const start = share * Math.max(0, view.end - width);
    range.setv({ start, end: start + width });
  }

  // ------------------------------------------------------------------------------ what if: factors to estimates
  const PREFIXES = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"]];

  function amount(value, unit) {
    const [scale, prefix] = PREFIXES.find(([size]) => Math.abs(value) >= size && !(unit === "s" && size > 1)) || [1, ""];
    return `${(value / scale).toPrecision(6)} ${prefix}${unit}`;
  }

  function estimate(run, factors) {
    const factor = (slider) => (slider < 0 ? 1 : factors[slider]);
    let time = 0;
    let energy = 0;
    run.time_s.forEach((seconds, span) => {
      const stretch = factor(run.time_slider[span]);
      time += stretch * seconds;
      run.energy_j[span].forEach((joules, part) => {
        energy += stretch * factor(run.power_slider[part]) * joules;
      });
    });
    return { time, energy };
  }

  function showRun(run, number, factors) {
    const recorded = estimate(run, factors.map(() => 1));
    const now = estimate(run, factors);
    const put = (field, words) => { byId(`whatif-${field}-${number}`).textContent = words; };
    const ratio = (part, whole) => (whole > 0 ? `${(part / whole).toFixed(3)} ×` : "");
    put("time-recorded", amount(recorded.time, "s"));
    put("time", amount(now.time, "s"));
    put("time-ratio", ratio(now.time, recorded.time));
    put("energy-recorded", amount(recorded.energy, "J"));
    put("energy", amount(now.energy, "J"));
    put("energy-ratio", ratio(now.energy, recorded.energy));
    put("edp-ratio", ratio(now.time * now.energy, recorded.time * recorded.energy));
  }

  function showEstimates() {
    const sliders = [...document.querySelectorAll("input[data-whatif]")];
    const factors = sliders.map((slider) => 10 ** Number(slider.value));
    factors.forEach((factor, number) => { byId(`whatif-factor-${number}`).textContent = `${factor.toFixed(2)} ×`; });
    report.runs.forEach((run, number) => showRun(run, number, factors));
  }

  // ------------------------------------------------------------------------------------------------- connections
  const choice = byId("accuracy-choice");
  if (choice) {
    choice.value = "0"; // a browser may restore an earlier choice
    choice.addEventListener("change", () => chooseAxis(Number(choice.value)));
  }
  for (const slider of document.querySelectorAll("input[data-timeline]")) {
    slider.value = "0";
    slider.addEventListener("input", () => moveWindow(Number(slider.dataset.timeline), Number(slider.value) / 1000));
  }
  const sliders = document.querySelectorAll("input[data-whatif]");
  const reset = () => {
    for (const slider of sliders) slider.value = "0";
    showEstimates();
  };
  for (const slider of sliders) slider.addEventListener("input", showEstimates);
  if (byId("whatif-reset")) {
    byId("whatif-reset").addEventListener("click", reset);
    reset();
  }
})();
