"""Which files `mutate.py` changes, and which tests must notice."""

ROOMS: dict[str, dict[str, tuple[str, ...]]] = {
    "counting": {
        "counting/verdict.py": (
            "counting/test_verdict.py",
            "counting/test_call_counts.py",
            "counting/test_verdict_figures.py",
            "counting/test_verdict_product.py",
        ),
        "counting/call_counts.py": (
            "counting/test_call_counts.py",
            "counting/test_verdict.py",
        ),
        "counting/sample_check.py": ("counting/test_sample_check.py",),
        "counting/evidence.py": ("counting/test_evidence.py",),
        "counting/statistics.py": (
            "counting/test_statistics.py",
            "counting/test_verdict.py",
        ),
        "counting/stop_rule.py": ("counting/test_stop_rule.py",),
        "counting/cells.py": ("counting/test_cells.py",),
        "counting/site_background.py": ("counting/test_site_background.py",),
        "counting/fraction.py": ("counting/test_fraction.py",),
        "counting/context.py": ("counting/test_verdict.py",),
        "counting/quality_slide.py": ("counting/test_quality_slide.py",),
        "counting/differential.py": ("counting/test_differential.py",),
        "counting/earlier_frames.py": (
            "counting/test_earlier_frames.py",
            "counting/test_frame_search.py",
        ),
        "counting/frame_search.py": ("counting/test_frame_search.py",),
        "counting/reference_ranges.py": ("counting/test_reference_ranges.py",),
        "counting/search_plan.py": (
            "counting/test_search_plan.py",
            "counting/test_frame_search.py",
        ),
        "counting/slide_cells.py": ("counting/test_slide_cells.py",),
    },
    "inference": {
        "inference/card.py": ("inference/test_card.py",),
        "inference/card_entries.py": (
            "inference/test_card_entries.py",
            "inference/test_card.py",
        ),
        "inference/bundle.py": (
            "inference/test_bundle.py",
            "inference/test_cascade.py",
        ),
        "inference/selftest.py": (
            "inference/test_selftest.py",
            "inference/test_cascade.py",
        ),
        "inference/onnx_policy.py": ("inference/test_onnx_policy.py",),
        "inference/protobuf_reader.py": (
            "inference/test_protobuf_reader.py",
            "inference/test_onnx_policy.py",
        ),
        "inference/classifier.py": ("inference/test_classifier.py",),
    },
    "records": {
        "records/events.py": ("records/test_events.py", "records/test_audit.py"),
        "records/ledger.py": (
            "records/test_ledger.py",
            "records/test_audit.py",
            "records/test_store.py",
            "records/slides/test_slide_state.py",
        ),
        "records/recovery.py": ("records/test_recovery.py",),
        "records/backups/backup.py": ("records/backups/test_backup.py",),
        "records/backups/sealed_file.py": ("records/backups/test_sealed_file.py",),
        "records/backups/restore_step.py": (
            "records/backups/test_restore_step.py",
            "records/backups/test_backup.py",
            "records/test_recovery.py",
        ),
        "records/identities.py": (
            "records/test_identities.py",
            "records/test_store.py",
            "records/test_audit.py",
        ),
        "records/retention.py": ("records/test_retention.py",),
        "records/keys.py": ("records/test_keys.py", "records/test_audit.py"),
        "records/head_file.py": ("records/test_head_file.py",),
        "records/integrity.py": (
            "records/test_integrity.py",
            "records/test_maintenance.py",
            "records/test_recovery.py",
        ),
        "records/witnesses.py": ("records/test_witnesses.py",),
    },
    "updates": {
        "updates/manifest.py": ("updates/test_manifest.py", "updates/test_install.py"),
        "updates/install.py": (
            "updates/test_active.py",
            "updates/test_slots.py",
            "updates/test_stage.py",
            "updates/test_install.py",
            "updates/test_edges.py",
            "updates/test_trial.py",
            "updates/test_faults.py",
        ),
        "updates/active.py": (
            "updates/test_active.py",
            "updates/test_install.py",
            "updates/test_edges.py",
        ),
        "updates/verify.py": (
            "updates/test_verify.py",
            "updates/test_attacks.py",
            "updates/test_edges.py",
        ),
        "updates/comparison.py": ("updates/test_comparison.py",),
        "updates/slots.py": (
            "updates/test_slots.py",
            "updates/test_install.py",
            "updates/test_edges.py",
            "updates/test_own_disk.py",
        ),
        "updates/stage.py": (
            "updates/test_stage.py",
            "updates/test_install.py",
            "updates/test_edges.py",
            "updates/test_own_disk.py",
        ),
        "updates/state.py": (
            "updates/test_state.py",
            "updates/test_damage.py",
            "updates/test_install.py",
            "updates/test_edges.py",
        ),
        "updates/stick.py": ("updates/test_stick.py", "updates/test_attacks.py"),
        "updates/zipped.py": ("updates/test_zipped.py",),
        "updates/codes.py": ("updates/test_codes.py",),
        "updates/clock.py": ("updates/test_clock.py", "updates/test_edges.py"),
    },
    "web": {
        "web/security.py": ("web/test_security.py",),
        "web/access.py": (
            "web/test_access.py",
            "web/test_security.py",
            "web/routes/test_account.py",
            "web/test_trail.py",
        ),
        "web/whole_requests.py": ("web/test_whole_requests.py",),
        "web/tls.py": ("web/test_tls.py", "web/test_device.py"),
        "accounts/set_up_code.py": ("accounts/test_set_up_code.py",),
        "accounts/people.py": (
            "accounts/test_people.py",
            "web/routes/test_people.py",
            "web/test_security.py",
            "cli/commands/test_people.py",
        ),
        "accounts/sign_in_backoff.py": ("accounts/test_sign_in_backoff.py",),
    },
    "service": {
        "service/restart_policy.py": ("service/test_restart_policy.py",),
        "service/heartbeat.py": ("service/test_heartbeat.py",),
        "service/health.py": ("service/test_health.py",),
        "service/heat.py": ("service/test_heat.py",),
        "service/disk.py": ("service/test_disk.py",),
        "service/supervisor.py": (
            "service/test_supervisor_turns.py",
            "service/test_supervisor.py",
        ),
        "service/processes.py": ("service/test_processes.py",),
    },
    "quality": {
        "quality/camera_scale.py": (
            "quality/test_camera_scale.py",
            "web/test_device.py",
        ),
        "quality/cell_location.py": ("quality/test_cell_location.py",),
        "quality/control.py": ("quality/test_control.py",),
        "quality/levey_jennings.py": ("quality/test_levey_jennings.py",),
        "quality/site_background.py": ("quality/test_site_background.py",),
    },
    "messages": {
        "messages/__init__.py": ("messages/test_messages.py",),
    },
    "vision": {
        "vision/cells/lobes.py": ("vision/cells/test_lobes.py",),
        "vision/following.py": ("vision/test_following.py",),
    },
    "review": {"review/blind_order.py": ("review/test_blind_order.py",)},
    "capture": {
        "capture/stored/containers.py": (
            "capture/stored/test_containers.py",
            "capture/stored/test_tiff.py",
            "capture/stored/test_decode.py",
            "capture/stored/test_damage.py",
        ),
        "capture/stored/damage.py": (
            "capture/stored/test_damage_edges.py",
            "capture/stored/test_damage.py",
        ),
        "capture/stored/tiff.py": ("capture/stored/test_tiff.py",),
        "capture/stored/jpeg.py": (
            "capture/stored/test_jpeg.py",
            "capture/stored/test_decode.py",
            "capture/stored/test_damage.py",
        ),
    },
    "cli": {"cli/commands/screen.py": ("cli/commands/test_screen_options.py",)},
}
"""Safety code by room, and the tests that hold it."""
