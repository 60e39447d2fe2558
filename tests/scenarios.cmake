# Tests that run programs. A scenario is one file; its label says the tier.
#   quick    under a few seconds, no root needed
#   live     namespaces and real clients; needs root, skipped (77) without
#   corpus   labelled captures found through CALLWEIR_CORPUS, skipped (77) without
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# callweir_scenario(NAME LABEL SECONDS PROGRAM [ARG…]): the programs' folder comes in CALLWEIR_BIN.
function(callweir_scenario name label seconds)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT ${seconds} SKIP_RETURN_CODE 77
    ENVIRONMENT "CALLWEIR_BIN=${CMAKE_BINARY_DIR}/bin;PYTHONDONTWRITEBYTECODE=1")
endfunction()

callweir_scenario(house.rules "quick;release-only" 60 ${Python3_EXECUTABLE} scripts/check)
callweir_scenario(house.tidy "house" 1800 ${Python3_EXECUTABLE} scripts/check --tidy release)
callweir_scenario(corpus.score "corpus" 300 ${Python3_EXECUTABLE} tests/corpus/score_test.py)

callweir_scenario(setup "quick;release-only" 60 ${Python3_EXECUTABLE} tests/live/setup_test.py)
callweir_scenario(install "quick;release-only" 120 ${Python3_EXECUTABLE} tests/live/install_test.py)
callweir_scenario(cli "quick" 60 ${Python3_EXECUTABLE} tests/live/cli_test.py)
callweir_scenario(report "quick" 120 ${Python3_EXECUTABLE} tests/live/report_test.py)
callweir_scenario(peer.cli "quick" 60 ${Python3_EXECUTABLE} tests/live/peer_cli_test.py)
callweir_scenario(bench.gate "quick" 60 ${Python3_EXECUTABLE} tests/live/bench_gate_test.py)
callweir_scenario(bench.charts "quick" 60 ${Python3_EXECUTABLE} tests/live/charts_test.py)
find_program(CALLWEIR_NODE node)
if(CALLWEIR_NODE)
  callweir_scenario(web.units "quick;release-only" 60 ${CALLWEIR_NODE} dashboard/web/dev/run_tests.mjs)
endif()
callweir_scenario(web.page "live" 240 ${Python3_EXECUTABLE} tests/live/web_page_test.py)
callweir_scenario(web.live "live" 240 ${Python3_EXECUTABLE} tests/live/web_live_test.py)
callweir_scenario(dashboard.api "quick" 120 ${Python3_EXECUTABLE} tests/live/api_test.py)
callweir_scenario(live.throttle "live" 420 ${Python3_EXECUTABLE} tests/live/throttle_test.py)
callweir_scenario(live.policy_swap "live" 120 ${Python3_EXECUTABLE} tests/live/policy_swap_test.py)
callweir_scenario(live.disk_full "live" 90 ${Python3_EXECUTABLE} tests/live/disk_full_test.py)
callweir_scenario(live.engine_outage "live" 120 ${Python3_EXECUTABLE} tests/live/engine_outage_test.py)
callweir_scenario(live.dashboard_outage "live" 150 ${Python3_EXECUTABLE} tests/live/dashboard_outage_test.py)
callweir_scenario(live.dashboard_restart "live" 90 ${Python3_EXECUTABLE} tests/live/dashboard_restart_test.py)
callweir_scenario(live.dashboard_user "live" 90 ${Python3_EXECUTABLE} tests/live/dashboard_user_test.py)
callweir_scenario(live.ndpi_crash "live" 90 ${Python3_EXECUTABLE} tests/live/ndpi_crash_test.py)
callweir_scenario(live.second_run "live" 90 ${Python3_EXECUTABLE} tests/live/second_run_test.py)
callweir_scenario(live.memory "live" 120 ${Python3_EXECUTABLE} tests/live/memory_test.py)
callweir_scenario(live.store_kill "live" 180 ${Python3_EXECUTABLE} tests/live/store_kill_test.py)
callweir_scenario(live.store_full "live" 120 ${Python3_EXECUTABLE} tests/live/store_full_test.py)
callweir_scenario(live.limit "live" 120 ${Python3_EXECUTABLE} tests/live/limit_test.py)
callweir_scenario(live.http_hostile "live" 120 ${Python3_EXECUTABLE} tests/live/http_hostile_test.py)

callweir_scenario(live.frame_transparency "live" 120 ${Python3_EXECUTABLE} tests/live/frame_transparency.py)
callweir_scenario(live.fail_open "live" 180 ${Python3_EXECUTABLE} tests/live/fail_open.py)
callweir_scenario(live.wrong_ports "live" 60 ${Python3_EXECUTABLE} tests/live/wrong_ports.py)
callweir_scenario(live.link_state "live" 150 ${Python3_EXECUTABLE} tests/live/link_state.py)
# Outages are milliseconds: nothing else may run meanwhile.
set_tests_properties(live.frame_transparency live.fail_open live.wrong_ports live.link_state PROPERTIES RUN_SERIAL ON)
