"""The tables of the crawler: what is asked, what is waiting, what was found."""

from crawler.models.changefeed import Changefeed, ItemChange, ItemChangeKind, UnnumberedChange
from crawler.models.changes import ChangeKind, TargetChange
from crawler.models.events import Event, EventKind
from crawler.models.freshness import FreshnessWatch
from crawler.models.frontier import (
    Backlog,
    BacklogKind,
    CarriedRecord,
    Host,
    LaneState,
    OutsideLink,
    Request,
    RequestKind,
    RequestState,
    SitemapReading,
    Slice,
    SpareLink,
)
from crawler.models.held import UNDER_WAY, UNPUBLISHED, VISIBLE, HeldItem, Publication
from crawler.models.items import Item, ItemFilling, ItemVersion, Sighting
from crawler.models.looks import LookState, RepairLook
from crawler.models.losses import Losses
from crawler.models.outages import Outage, OutageKind, WriteProbe
from crawler.models.outbox import OutboxMessage
from crawler.models.pages import Page, PageFingerprint, PageVersion, Snapshot
from crawler.models.problems import ProblemKind, ProblemSample
from crawler.models.refresh import RefreshPlan
from crawler.models.replays import FINAL_REPLAY_STATES, Replay, ReplayState
from crawler.models.runs import ACTIVE_RUN_STATES, FINAL_RUN_STATES, TIME_LIMIT, Run, RunState, RunTrigger
from crawler.models.schedules import MisfirePolicy, OverlapPolicy, Schedule, SkipKind, SkippedRun
from crawler.models.search import SearchKind, SearchMarks, SearchSegment
from crawler.models.sessions import Cookie, ProxyHealth, RunLogin
from crawler.models.sweeps import Sweep
from crawler.models.targets import Scope, Target
from crawler.models.webhooks import GONE, TEST_KIND, Delivery, DeliveryState, Webhook
from crawler.models.workers import Heartbeat

__all__ = [
    "ACTIVE_RUN_STATES",
    "FINAL_REPLAY_STATES",
    "FINAL_RUN_STATES",
    "GONE",
    "TEST_KIND",
    "TIME_LIMIT",
    "UNDER_WAY",
    "UNPUBLISHED",
    "VISIBLE",
    "Backlog",
    "BacklogKind",
    "CarriedRecord",
    "ChangeKind",
    "Changefeed",
    "Cookie",
    "Delivery",
    "DeliveryState",
    "Event",
    "EventKind",
    "FreshnessWatch",
    "Heartbeat",
    "HeldItem",
    "Host",
    "Item",
    "ItemChange",
    "ItemChangeKind",
    "ItemFilling",
    "ItemVersion",
    "LaneState",
    "LookState",
    "Losses",
    "MisfirePolicy",
    "Outage",
    "OutageKind",
    "OutboxMessage",
    "OutsideLink",
    "OverlapPolicy",
    "Page",
    "PageFingerprint",
    "PageVersion",
    "ProblemKind",
    "ProblemSample",
    "ProxyHealth",
    "Publication",
    "RefreshPlan",
    "RepairLook",
    "Replay",
    "ReplayState",
    "Request",
    "RequestKind",
    "RequestState",
    "Run",
    "RunLogin",
    "RunState",
    "RunTrigger",
    "Schedule",
    "Scope",
    "SearchKind",
    "SearchMarks",
    "SearchSegment",
    "Sighting",
    "SitemapReading",
    "SkipKind",
    "SkippedRun",
    "Slice",
    "Snapshot",
    "SpareLink",
    "Sweep",
    "Target",
    "TargetChange",
    "UnnumberedChange",
    "Webhook",
    "WriteProbe",
]
