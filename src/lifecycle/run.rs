//! Starting a script's shell and waiting for it (`@npmcli/promise-spawn`, `@npmcli/run-script`
//! `signal-manager.js`).

use std::io;
use std::process::{Command, ExitStatus};

use super::{Output, Script, ScriptContext, ScriptError};
#[cfg(unix)]
use crate::signals::TakenSignals;

/// Where a script's input and output go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdio {
    /// The script has consign's own.
    Inherited,
    /// No input; output is kept and shown only if the script fails.
    Collected,
}

pub(super) fn run(
    script: &Script<'_>,
    context: &ScriptContext,
    extra: &[(&str, String)],
    stdio: Stdio,
) -> Result<(), ScriptError> {
    let variables = context.variables(
        script.event,
        script.command,
        script.directory,
        script.manifest,
        extra,
    );
    let configured = if script.event.is_packing() {
        &context.packing_shell
    } else {
        &context.shell
    };
    let shell = match configured {
        Some(shell) => shell.clone(),
        None if context.is_windows => variables.get("ComSpec").map_or_else(
            || "cmd.exe".to_owned(),
            |shell| shell.to_string_lossy().into_owned(),
        ),
        None => "sh".to_owned(),
    };
    let (mut command, shown) = shell_command(&shell, script.command);
    command
        .current_dir(script.directory)
        .env_clear()
        .envs(variables.iter());
    let (status, output) =
        run_command(&mut command, stdio).map_err(|source| ScriptError::Shell {
            event: script.event,
            directory: script.directory.to_path_buf(),
            shell,
            source,
        })?;
    if status.success() {
        return Ok(());
    }
    let directory = script.directory.to_path_buf();
    let output = Box::new(output);
    match ended_by_signal(status) {
        Some((number, signal)) => Err(ScriptError::Signalled {
            event: script.event,
            directory,
            command: shown,
            signal,
            number,
            output,
            is_passed_on: stdio == Stdio::Inherited,
        }),
        None => Err(ScriptError::Exited {
            event: script.event,
            directory,
            command: shown,
            status: status.code().unwrap_or(1),
            output,
            lacks_node: !context.has_node,
        }),
    }
}

/// The shell with the script, and how npm shows that line.
fn shell_command(shell: &str, script: &str) -> (Command, String) {
    let mut command = Command::new(shell);
    if is_cmd(shell) {
        cmd_arguments(&mut command, script);
        (command, format!("{shell} /d /s /c {script}"))
    } else {
        command.args(["-c", script]);
        (command, format!("{shell} -c {script}"))
    }
}

/// `cmd` or `cmd.exe`, with or without a path.
fn is_cmd(shell: &str) -> bool {
    let name = shell
        .rsplit('\\')
        .next()
        .unwrap_or(shell)
        .to_ascii_lowercase();
    matches!(name.as_str(), "cmd" | "cmd.exe")
}

#[cfg(windows)]
fn cmd_arguments(command: &mut Command, script: &str) {
    use std::os::windows::process::CommandExt as _;
    // As it stands: the shell does its own reading of quotes.
    command.raw_arg(format!("/d /s /c {script}"));
}

#[cfg(not(windows))]
fn cmd_arguments(command: &mut Command, script: &str) {
    command.args(["/d", "/s", "/c", script]);
}

/// Runs a command to its end; SIGINT and SIGTERM that arrive meanwhile go to it instead.
pub fn run_command(command: &mut Command, stdio: Stdio) -> io::Result<(ExitStatus, Output)> {
    use std::process::Stdio as Pipe;
    if stdio == Stdio::Inherited {
        let status = forwarding_signals(command)?;
        return Ok((status, Output::default()));
    }
    // npm closes the pipe at once; what reads sees the end.
    command
        .stdin(Pipe::null())
        .stdout(Pipe::piped())
        .stderr(Pipe::piped());
    let finished = command.spawn()?.wait_with_output()?;
    let output = Output {
        stdout: finished.stdout,
        stderr: finished.stderr,
    };
    Ok((finished.status, output))
}

/// Runs a child and hands signals on to it.
#[cfg(unix)]
fn forwarding_signals(command: &mut Command) -> io::Result<ExitStatus> {
    // Taken over before the child exists.
    let mut signals = TakenSignals::take()?;
    let handle = signals.handle();
    command.spawn().and_then(|mut child| {
        let process = rustix::process::Pid::from_child(&child);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for pending in signals.forever() {
                    // It may have just ended; then there is nobody to tell.
                    let _ = rustix::process::kill_process(process, pending.signal());
                }
            });
            let status = child.wait();
            handle.close();
            status
        })
    })
}

/// Windows sends Ctrl-C to the whole console group by itself.
#[cfg(not(unix))]
fn forwarding_signals(command: &mut Command) -> io::Result<ExitStatus> {
    command.status()
}

/// The signal that ended a process: number and name.
#[cfg(unix)]
fn ended_by_signal(status: ExitStatus) -> Option<(i32, &'static str)> {
    use std::os::unix::process::ExitStatusExt as _;
    let number = status.signal()?;
    let name = signal_hook::low_level::signal_name(number).unwrap_or("a signal");
    Some((number, name))
}

#[cfg(not(unix))]
fn ended_by_signal(_status: ExitStatus) -> Option<(i32, &'static str)> {
    None
}
