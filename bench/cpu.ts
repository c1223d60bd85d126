import { readdir, readFile } from "node:fs/promises";

/**
 * The CPU time that all threads of a process have used, in nanoseconds. Linux keeps it exactly in `schedstat`, while the times
 * of `/proc/PID/stat` are counted in steps of 10 ms.
 *
 * @throws Error on a system that does not have it
 */
export async function cpuNanoseconds(pid: number): Promise<number> {
  try {
    const tasks = await readdir(`/proc/${pid}/task`);
    const times = await Promise.all(tasks.map((task) => taskNanoseconds(`/proc/${pid}/task/${task}/schedstat`)));
    return times.reduce((sum, time) => sum + time, 0);
  } catch (cause) {
    throw new Error(
      `cannot read the CPU time of process ${pid}: the benchmark needs Linux with /proc/PID/task/TID/schedstat`,
      {
        cause,
      },
    );
  }
}

async function taskNanoseconds(file: string): Promise<number> {
  const [nanoseconds = ""] = (await readFile(file, "utf8")).split(" ");
  return Number(nanoseconds);
}

/** The processes with this program's name that this process has started. */
export async function childProcesses(program: string): Promise<number[]> {
  const found: number[] = [];
  for (const task of await readdir("/proc/self/task")) {
    const children = await readFile(`/proc/self/task/${task}/children`, "utf8");
    for (const pid of children.split(" ").filter((word) => word !== "")) {
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
      if (name.trim() === program) {
        found.push(Number(pid));
      }
    }
  }
  return found;
}

/** The memory that a process has in RAM. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const [, kibibytes = "NaN"] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return Number(kibibytes) * 1024;
}
