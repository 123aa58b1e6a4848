//! The control plane against the service model that the AWS CLI ships.

use serde_json::Value;

use super::stage::Stage;
use crate::support::run;

/// botocore calls every operation, well and wrongly, and holds what comes back against its model.
#[test]
fn every_operation_keeps_to_the_service_model() {
    let Some(stage) = Stage::start() else { return };
    let ran = run(stage
        .home
        .command("python3")
        .envs(&stage.environment)
        .env("PYTHONPATH", stage.peers.script(".installed/aws"))
        .arg(stage.peers.script("model.py"))
        .args([stage.endpoint(), &stage.environment["AWS_REGION"]]))
    .success();
    let walk: Value = serde_json::from_str(&ran.stdout).unwrap();
    println!(
        "{} operations served, {} refusals as modelled",
        walk["operations"], walk["refusals"]
    );
    let findings: Vec<&str> = walk["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(findings.is_empty(), "{findings:#?}");
    assert!(walk["operations"].as_u64() >= Some(48), "{walk}");
    assert!(walk["refusals"].as_u64() >= Some(300), "{walk}");
}
