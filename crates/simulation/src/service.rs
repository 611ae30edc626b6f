//! A host that runs the service: every part that the program has but its ports, over a
//! SQLite file that outlives its lives, and the simulated way to the vendor.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use community_svc::app::Within;
use community_svc::cache::LeaseCheck;
use community_svc::config::Config;
use community_svc::ground::Ground;
use service_kit::blocking::Blocking;
use service_kit::clock::SharedClock;
use service_kit::env::MapEnv;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;

use crate::chance::Chance;
use crate::clock::HostClock;
use crate::host::{Ending, Life, LifeError};
use crate::network::{Host, Network};
use crate::power::Power;
use crate::vendor::Vendor;
use crate::{MAX_AGE, REQUESTS, SERVICE, TOKEN, TTL};

/// How long a statement of the database may take.
const LONGEST_STATEMENT: Duration = Duration::from_millis(4);

/// The host.
pub struct ServiceHost {
    network: Network,
    chance: Chance,
    clock: Arc<HostClock>,
    vendor: Vendor,
    directory: PathBuf,
    lease_check: LeaseCheck,
    lives: AtomicU64,
}

impl ServiceHost {
    /// A host that is not started yet; its file is in `directory`.
    #[must_use]
    pub fn new(
        network: Network,
        clock: Arc<HostClock>,
        vendor: Vendor,
        directory: PathBuf,
        (seed, lease_check): (u64, LeaseCheck),
    ) -> Self {
        Self {
            network,
            chance: Chance::of(seed, "service steps"),
            clock,
            vendor,
            directory,
            lease_check,
            lives: AtomicU64::new(0),
        }
    }

    fn config(&self) -> Result<Config, LifeError> {
        let directory = self.directory.to_string_lossy().into_owned();
        let env = MapEnv::new([
            ("BETTERMODE_API_TOKEN", TOKEN.to_owned()),
            ("BETTERMODE_API_GENERATION", "newer".to_owned()),
            ("BETTERMODE_RATE_LIMIT_REQUESTS", REQUESTS.to_string()),
            ("BETTERMODE_RATE_LIMIT_COMPLEXITY", "2000".to_owned()),
            (
                "COMMUNITY_SVC_MEMBER_TTL_SECONDS",
                TTL.as_secs().to_string(),
            ),
            (
                "COMMUNITY_SVC_MEMBER_MAX_AGE_SECONDS",
                MAX_AGE.as_secs().to_string(),
            ),
            ("COMMUNITY_SVC_MAX_CONNECTIONS_PER_ADDRESS", "0".to_owned()),
            ("DATA_DIR", directory),
        ]);
        let loaded = Config::load(&env).map_err(|invalid| LifeError::of(format!("{invalid:?}")))?;
        Ok(loaded.config)
    }
}

impl Life for ServiceHost {
    fn name(&self) -> Host {
        SERVICE
    }

    fn power(&self) -> Power {
        Power::on(self.chance.clone(), LONGEST_STATEMENT)
    }

    fn begin(&self, power: &Power, shutdown: &Shutdown) -> Result<(), LifeError> {
        let life = self.lives.fetch_add(1, Ordering::Relaxed);
        let ground = Ground {
            transport: Some(self.vendor.transport(power.clone(), life)),
            blocking: Blocking::Here(Arc::new(power.clone())),
            lease_check: self.lease_check,
        };
        let (clock, tasks): (SharedClock, _) = (self.clock.clone(), Tasks::new());
        let config = self.config()?;
        let service = Within::build(&config, ground, clock, tasks.clone(), shutdown.clone());
        let service = service.map_err(|error| LifeError::of(format!("{error:?}")))?;
        let door = self.network.listen(SERVICE);
        tasks.spawn("service", service.run(door));
        Ok(())
    }

    fn end(&self, _: Ending) -> String {
        // What SQLite has committed is there again, with the power or without.
        String::new()
    }

    fn is_broken(&self) -> bool {
        false
    }
}
