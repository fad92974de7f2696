//! What holds where nothing is set.

use super::world::*;

#[tokio::test]
async fn a_name_starts_three_hundred_sessions_an_hour() {
    let world = world().await;
    let login = async || {
        let right = r#"{"username":"alice","password":"alice"}"#;
        world.send("POST", "/login", &[JSON], right).await.status
    };
    for n in 0..300 {
        assert_eq!(login().await, 200, "{n}");
    }
    assert_eq!(login().await, 429);
    world.clock.advance(3_599);
    assert_eq!(login().await, 429);
    world.clock.advance(1);
    assert_eq!(login().await, 200);
}
