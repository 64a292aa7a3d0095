"""Mistakes planted in the embedded server, and the conformance test that must notice each.

A row is (file in `tui/demo`, text, what it becomes, tests that go red). `test_mutations` plants them one
by one in a copy. A new conformance test comes with a row here.
"""

# ruff: noqa: E501 - one mistake per line is easier to read
from __future__ import annotations

SESSION, QUERY, POINTS = "test_conformance_session", "test_conformance_query", "test_conformance_points"
RESTORE, CLOUD, TASKS = "test_conformance_restore", "test_conformance_cloud", "test_conformance_tasks"

MUTATIONS: tuple[tuple[str, str, str, str], ...] = (
    # 1: address, logon, session
    ("logon.py", "_cookie(request.headers.get(\"cookie\", \"\")) or ", "", f"{SESSION}::test_t3_cookie_beats_header"),
    ("logon.py", "IDLE_LIMIT_S = 15 * 60", "IDLE_LIMIT_S = 16 * 60", f"{SESSION}::test_t29_a_session_dies_after_15_idle_minutes"),
    ("logon.py", "session.last_used = self._clock.idle_seconds()", "pass", f"{SESSION}::test_t29_a_session_dies_after_15_idle_minutes"),
    ("logon.py", "del self._by_token[token]\n                return True", "return True", f"{SESSION}::test_1_7_log_off_needs_the_session_id"),
    ("logon.py", "password != DEFAULT_PASSWORD", "not password", f"{SESSION}::test_1_6_bad_logon_is_401_with_challenge"),
    ("replies.py", "if status == 401:", "if status == 403:", f"{SESSION}::test_1_6_bad_logon_is_401_with_challenge"),
    ("links.py", 'options.href_host.rstrip("/")', '"https://127.0.0.1"', f"{SESSION}::test_1_1_hrefs_carry_another_host"),
    ("steps.py", "request.path.lower()", "request.path", f"{SESSION}::test_1_1_paths_match_in_any_case_and_without_slash"),
    ("service.py", '("Set-Cookie", f"{HEADER}={session.token}; Path=/api;"),', "", f"{SESSION}::test_1_4_logon_gives_token_cookie_and_session_id"),
    ("life.py", "return 0 if newest == 4", "return 1 if newest == 4", f"{SESSION}::test_1_2_update_4_lists_all_old_versions"),
    ("service.py", "forbidden = segments[0] in _ADMIN_ONLY or queried in _ADMIN_TYPES or of_run", "forbidden = segments[0] in _ADMIN_ONLY or of_run", f"{SESSION}::test_t15_restore_operator_may_not_look_up"),
    ("service.py", 'role == "portal-user" and (restores or collects)', 'role == "portal-user" and collects', f"{SESSION}::test_t15_portal_user_may_look_up_but_not_restore"),
    ("service.py", "raise Refused(405,", "raise Refused(404,", f"{SESSION}::test_9_wrong_verb_is_405"),
    # 2: formats
    ("messages.py", 'JSON in self.headers.get("accept", "").lower()', 'self.headers.get("accept", "").lower().startswith(JSON)', f"{SESSION}::test_2_1_accept_decides_the_format"),
    ("service.py", "request.xml_only = session.version < 4\n        if", "request.xml_only = False\n        if", f"{SESSION}::test_2_1_no_json_for_sessions_older_than_v1_4"),
    ("wire_json.py", "return key.lower() if key.isupper() else key[:1].lower() + key[1:]", "return key[:1].lower() + key[1:]", f"{SESSION}::test_t5_camel_casing_of_replies"),
    ("wire_json.py", '_LAST = ("Name", "UID")', '_LAST = ("UID", "Name")', f"{POINTS}::test_4_3_element_and_key_order"),
    ("wire_xml.py", 'Message="{message}"', 'Text="{message}"', f"{SESSION}::test_9_error_shapes"),
    # 3: query
    ("wire_json.py", "f'{{\"{plural}\":{{\"{plural}\":['", "f'{{\"{plural}\":['", f"{QUERY}::test_3_4_entities_are_nested_twice_in_json"),
    ("query.py", 'in {"entities", "entity"}', 'not in {"reference"}', f"{QUERY}::test_3_4_references_by_default"),
    ("filters.py", '.replace(" ", "")', "", f"{QUERY}::test_3_2_filter_grammar"),
    ("filters.py", "match[1].replace('\"\"', '\"')", "match[1]", f"{QUERY}::test_3_2_filter_grammar"),
    ("filters.py", 'self._joined(";", depth) if separator == ","', 'self._joined(",", depth) if separator == ";"', f"{QUERY}::test_3_2_filter_grammar"),
    ("filters.py", "self._doubled() or self._quoted()", "self._quoted()", f"{QUERY}::test_3_2_the_documents_own_quoting_of_quotes"),
    ("messages.py", 'name, _, value = part.partition("=")', 'name, _, value = part.rpartition("=")', f"{QUERY}::test_t8_ampersand_in_a_filter_starts_another_parameter"),
    ("tables.py", "word.lower().removeprefix(prefix)", "word.lower()", f"{QUERY}::test_3_5_uid_filter_takes_urn_and_bare_guid"),
    ("catalog.py", 'RESULTS = ("None", "Success", "Warning", "Failed")', 'RESULTS = ("None", "Failed", "Warning", "Success")', f"{QUERY}::test_3_2_enumerations_compare_by_index"),
    ("query.py", 'descending = "sortdesc" in parameters', "descending = False", f"{QUERY}::test_3_1_sorting"),
    ("paging.py", 'del targets["Next"]', "pass", f"{QUERY}::test_3_3_paging_links"),
    ("paging.py", "number * self.size]", "number * self.size - 1]", f"{QUERY}::test_3_3_following_next_gives_every_row_once"),
    ("paging.py", "lambda found: found[0].lower()", "lambda found: found[0]", f"{QUERY}::test_t26_paging_links_echo_the_filter_in_lower_hex_with_plus"),
    ("query.py", 'wrapper="Resources"', 'wrapper="Entities"', f"{QUERY}::test_t6_tasks_come_under_resources_with_or_without_format"),
    ("query.py", 'if table.name == "HierarchyRoot"', 'if table.name == "x"', f"{QUERY}::test_3_3_hierarchy_roots_come_without_paging"),
    ("query.py", "self._site.options.page_size)", "50)", f"{QUERY}::test_t7_default_page_is_100"),
    # 4, 8, 10: points and hosts
    ("lists.py", "rows.entity(number) if wants_entities(request.parameters())", "rows.entity(number) if True", f"{POINTS}::test_t10_without_format_entity_a_reference"),
    ("point_rows.py", 'Link("Restore", self._hrefs.of(f"{path}?action=restore"))', 'Link("Restore", self._hrefs.of(f"{path}?action=restore"), "Task")', f"{POINTS}::test_t34_action_links_have_no_type"),
    ("points.py", "[: 20 + digits] if digits else text", "[:26]", f"{POINTS}::test_t19_fractions_of_0_to_7_digits"),
    ("world.py", '{"VMware": "VMWare", "HyperV": "Hyperv"}', '{"VMware": "VMware"}', f"{POINTS}::test_4_4_platform_words_in_several_cases"),
    ("point_rows.py", 'if "no-ref" not in shape:', "if True:", f"{POINTS}::test_t18_what_can_be_missing_is_missing_somewhere"),
    ("entities.py", '"RestorePointReferenceList"),\n                down(', '"BackupFileReferenceList"),\n                down(', f"{POINTS}::test_t36_a_related_link_with_a_wrong_type"),
    ("hierarchy.py", "thing.kind.lower() == kind.lower()", "thing.kind == kind", f"{POINTS}::test_8_2_lookup_by_name_in_any_case_and_nothing_found"),
    ("restores.py", '"CollectingBackupServer"', '"Collecting"', f"{POINTS}::test_11a_collecting_a_backup_server"),
    # 5: restore requests
    ("restore_check.py", "if ask.keep_original and ask.quick_rollback:", "if False:", f"{RESTORE}::test_t12_keep_original_with_quick_rollback_is_400"),
    ("restore_body.py", "known and order.index(name) >= place", "known", f"{RESTORE}::test_t11_misordered_elements_are_400"),
    ("restore_body.py", "place = order.index(name) + 1", "place = 0", f"{RESTORE}::test_t11_misordered_elements_are_ignored_as_dotnet_does"),
    ("restore_check.py", "if self._knows_keep:", "if True:", f"{RESTORE}::test_old_servers_ignore_keep_original_and_overwrite"),
    ("restore_body.py", 'if options.empty_body == "reject":', "if False:", f"{RESTORE}::test_t14_empty_body_rejected_by_switch"),
    ("restore_body.py", "if request.wants_json else _from_xml", 'if content_type == JSON else _from_xml', f"{RESTORE}::test_t4_json_without_accept_json_is_400"),
    ("restore_check.py", "target is None:", "False:", f"{CLOUD}::test_5_1_cloud_refusals"),
    ("restore_check.py", "if match[2] != root.guid:", "if False:", f"{CLOUD}::test_5_1_cloud_refusals"),
    ("restore_check.py", 'wanted not in {"both", spec.layout}', 'wanted == ""', f"{CLOUD}::test_q6_only_one_layout_by_switch"),
    ("ask.py", "return not (self.vms and self.vms[0].new_name)", "return False", f"{CLOUD}::test_5_1_an_empty_new_name_overwrites"),
    ("restoring.py", 'if "no-restore-link" in vm.quirks:', "if False:", f"{RESTORE}::test_5_1_a_point_without_restore_link_cannot_be_restored"),
    # 6, 7: tasks and restore sessions
    ("restores.py", '"OperationFinished" if now >= self.restore.launched_at and version >= 5', '"OperationFinished" if False', f"{TASKS}::test_6_1_running_then_operation_finished_then_finished"),
    ("restores.py", "and version >= 5", "", f"{TASKS}::test_6_1_update_4_has_no_operation_finished"),
    ("restores.py", "if task.session is session]", "if session]", f"{TASKS}::test_t2_tasks_belong_to_a_logon_session"),
    ("restoring.py", "raise Refused(500, f\"There is no", "raise Refused(404, f\"There is no", f"{TASKS}::test_t2_tasks_belong_to_a_logon_session"),
    ("restores.py", "restore.launch_stopped = True", "pass", f"{TASKS}::test_t28_delete_stops_a_launch"),
    ("restores.py", 'elif self.options.cancel == "stops" and', 'elif', f"{TASKS}::test_t28_delete_of_a_finished_task"),
    ("restores.py", 'if restore is None or self.options.cancel == "none":', "if restore is None:", f"{TASKS}::test_t28_delete_that_stops_nothing"),
    ("restores.py", 'return "None"', 'return "Success"', f"{TASKS}::test_t17_how_restores_end"),
    ("life.py", 'return vm.ref\n', 'return "urn:VMware:Vm:" + restore.guid\n', f"{TASKS}::test_7_restored_object"),
    ("restores.py", "timedelta(days=30)", "timedelta(days=300)", f"{TASKS}::test_t27_sessions_of_30_days_with_file_level_ones"),
    ("life.py", "or session.number % 2:", "or True:", f"{TASKS}::test_7_the_point_is_linked_only_sometimes"),
    ("life.py", 'elif isinstance(session, Restore) and session.behaviour.end_sentinel:', "elif False:", f"{TASKS}::test_t18_progress_missing_zero_and_sentinel_end"),
)  # fmt: skip
