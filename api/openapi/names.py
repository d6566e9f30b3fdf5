"""Names for schemas whose classes share a name with another one."""

SCHEMA_NAMES = {
    "commerce__notices__models__Status": "NoticeStatus",
    "foundation__queue__Status": "JobStatus",
    "memory__erasure__models__Status": "ErasureStatus",
    "Status-Input": "NoticeStatus",
}
