// The list of problems below the editor, and the line that says how many there are.

/** How many are listed; the rest is counted. */
const MOST = 50;

/**
 * @param {HTMLTextAreaElement} textarea  `data-problems` names the element to fill, `data-status` the one that counts
 * @param {(from: number, to: number) => void} goTo
 */
export function problemList(textarea, goTo) {
  const list = document.getElementById(textarea.dataset.problems);
  const status = document.getElementById(textarea.dataset.status);

  function say(text, state) {
    if (status.textContent !== text) status.textContent = text;
    status.dataset.state = state;
  }

  return {
    id: status.id,
    element: list,

    show(problems, doc) {
      list.replaceChildren(...problems.slice(0, MOST).map((problem) => row(problem, goTo)));
      if (problems.length > MOST) {
        const rest = document.createElement("p");
        rest.className = "rest";
        rest.textContent = `and ${problems.length - MOST} more`;
        list.append(rest);
      }
      list.hidden = problems.length === 0;
      const errors = problems.filter((problem) => problem.severity === "error").length;
      const warnings = problems.length - errors;
      if (doc.length === 0) say("Nothing here yet", "empty");
      else if (problems.length === 0) say("No problems", "passed");
      else say([count(errors, "problem"), count(warnings, "warning")].filter(Boolean).join(", "), errors ? "failed" : "slow");
    },

    unchecked() {
      say("Not checked: the server did not answer. It is tried again with the next change.", "slow");
    },
  };
}

function row(problem, goTo) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "problem";
  const mark = document.createElement("span");
  mark.className = `mark ${problem.severity === "error" ? "failed" : "slow"}`;
  mark.textContent = problem.severity;
  const place = document.createElement("code");
  place.textContent = `${problem.line}:${problem.column}`;
  place.setAttribute("aria-label", `line ${problem.line}, column ${problem.column}`);
  const text = document.createElement("span");
  text.append(...marked(problem.text));
  if (problem.hint) {
    const hint = document.createElement("small");
    hint.append(...marked(problem.hint));
    text.append(hint);
  }
  button.append(mark, place, text);
  button.addEventListener("click", () => goTo(problem.from, problem.to));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

/** Text with what stands between backticks as code. */
function marked(text) {
  return text.split("`").map((part, index) => {
    if (index % 2 === 0) return part;
    return Object.assign(document.createElement("code"), { textContent: part });
  });
}

function count(number, noun) {
  if (number === 0) return "";
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
