using System.Reflection;

namespace LoraBridge.BaseModel.Tests;

/// <summary>What an example prints. Examples write to the console, so only one may run at a time.</summary>
internal static class ExampleRun
{
    private static readonly Lock Gate = new();

    /// <summary>The examples take the default, and threads that outnumber free cores wait for each other for minutes.</summary>
    static ExampleRun() => Environment.SetEnvironmentVariable("LORABRIDGE_THREADS", "1");

    public static string[] Lines(string example, params string[] args)
    {
        lock (Gate)
        {
            var (output, error) = (Console.Out, Console.Error);
            using var text = new StringWriter();
            try
            {
                Console.SetOut(text);
                Console.SetError(TextWriter.Null);
                Assembly.Load($"LoraBridge.Examples.{example}").EntryPoint!.Invoke(null, [args]);
            }
            finally
            {
                Console.SetOut(output);
                Console.SetError(error);
            }
            return text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }
}
