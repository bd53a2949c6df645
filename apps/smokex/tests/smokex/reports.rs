//! The reports for machines.

use serde_json::{Value, json};
use testkit::target::{Reply, Target};

use super::program::Folder;

/// A step that passes with a capture, one that fails, one that is skipped.
fn three(target: &Target) -> String {
    target.on("/players", Reply::json(r#"{"first": "Ada <\"&'>"}"#));
    format!(
        r#"name: "Three <&> steps"
steps:
  - name: Players
    get: {{ url: "{players}" }}
    expect:
      status_code: 200
      json_path: {{ $.first: {{ contains: Ada }} }}
    save_from_response: {{ first: $.first }}
  - get: {{ url: "{missing}", options: {{ retries: 1 }} }}
    expect: {{ status_code: [200, 201] }}
  - delete: {{ url: "{players}" }}
"#,
        players = target.url("/players"),
        missing = target.url("/missing")
    )
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_report_is_one_object_of_the_published_shape() {
    let (folder, target) = (Folder::new(), Target::start().await);
    folder.file("three.yml", three(&target));
    let ended = folder.run(["run", "three.yml", "--report", "json"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
    let report: Value = serde_json::from_str(&ended.stdout).expect("one JSON object");
    assert_eq!(keys(&report), ["plan", "state", "started_at", "duration_ms", "steps"]);
    assert_eq!(report["plan"], "three.yml");
    assert_eq!(report["state"], "failed");
    assert!(report["started_at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert!(report["duration_ms"].as_f64().unwrap() > 0.0);
    let steps = report["steps"].as_array().unwrap();
    for step in steps {
        assert_eq!(
            keys(step),
            [
                "path",
                "name",
                "action",
                "method",
                "url",
                "state",
                "duration_ms",
                "attempts",
                "status",
                "expectations",
                "captures",
                "reason"
            ]
        );
        for expectation in step["expectations"].as_array().unwrap() {
            assert_eq!(keys(expectation), ["type", "name", "expected", "received", "passed"]);
        }
    }
    let [players, missing, delete] = &steps[..] else { panic!("three steps: {steps:?}") };
    assert_eq!(
        json!([players["path"], players["name"], players["action"], players["method"], players["url"]]),
        json!(["1", "Players", "get", "GET", target.url("/players")])
    );
    assert_eq!(json!([players["state"], players["status"], players["attempts"]]), json!(["passed", 200, 1]));
    assert_eq!(players["captures"], json!([{ "name": "first", "value": "Ada <\"&'>", "secret": false }]));
    assert_eq!(players["reason"], Value::Null);
    assert_eq!(missing["expectations"][0]["type"], "status_code");
    assert_eq!(missing["expectations"][0]["expected"], json!([200, 201]));
    assert_eq!(missing["expectations"][0]["received"], 404);
    assert_eq!(missing["expectations"][0]["passed"], false);
    assert!(missing["reason"].as_str().unwrap().contains("404"), "{missing}");
    assert_eq!(json!([delete["state"], delete["status"], delete["attempts"]]), json!(["skipped", null, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_plans_are_one_json_object_on_one_line_each() {
    let (folder, target) = (Folder::new(), Target::start().await);
    target.on("/", Reply::ok());
    let plan = format!("- get: {{ url: \"{}\" }}\n", target.url("/"));
    folder.file("a.yml", &plan);
    folder.file("b.yml", &plan);
    let ended = folder.run(["run", "a.yml", "b.yml", "--report", "json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let plans: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(plans.iter().map(|report| &report["plan"]).collect::<Vec<_>>(), ["a.yml", "b.yml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_junit_report_is_xml_with_a_suite_per_plan_and_a_case_per_step() {
    let (folder, target) = (Folder::new(), Target::start().await);
    folder.file("three.yml", three(&target));
    folder.file("one.yml", format!("- get: {{ url: \"{}\" }}\n", target.url("/players")));
    let ended = folder.run(["run", "three.yml", "one.yml", "--report", "junit"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
    let document = roxmltree::Document::parse(&ended.stdout).expect("well-formed XML");
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let counts = |node: roxmltree::Node<'_, '_>| {
        ["tests", "failures", "errors", "skipped"].map(|name| node.attribute(name).unwrap().parse::<u32>().unwrap())
    };
    assert_eq!(counts(root), [4, 1, 0, 1]);
    let suites: Vec<_> = root.children().filter(roxmltree::Node::is_element).collect();
    assert_eq!(suites.len(), 2);
    assert_eq!(suites[0].attribute("name"), Some("Three <&> steps"));
    assert_eq!(suites[0].attribute("file"), Some("three.yml"));
    assert_eq!(counts(suites[0]), [3, 1, 0, 1]);
    assert_eq!(counts(suites[1]), [1, 0, 0, 0]);
    let cases: Vec<_> = suites[0].children().filter(roxmltree::Node::is_element).collect();
    assert_eq!(cases[0].attribute("name"), Some("1 Players"));
    assert!(cases[0].attribute("time").unwrap().parse::<f64>().unwrap() > 0.0);
    let failure = cases[1].first_element_child().unwrap();
    assert_eq!(failure.tag_name().name(), "failure");
    assert!(failure.attribute("message").unwrap().contains("404"));
    assert!(failure.text().unwrap().contains("expected [200,201]"), "{:?}", failure.text());
    assert_eq!(cases[2].first_element_child().unwrap().tag_name().name(), "skipped");
}
