using LoraBridge.TestKit;

namespace LoraBridge.Tests.Finetuning.Verification;

/// <summary>
/// <c>src/LoraBridge.Training/SUPPORT.md</c>: what holds for each model of the zoo. Tests compare what they measure with its cells; with
/// LORABRIDGE_RECORD_SUPPORT=1 they write them.
/// </summary>
internal static class SupportPage
{
    private static readonly string[] Columns = ["model", "architecture", "traces", "forward parity", "gradients", "trains"];

    private static readonly Lock Gate = new();

    private static string FilePath => Path.Combine(CheckoutFolder.Root, "src", "LoraBridge.Training", "SUPPORT.md");

    /// <summary>Compares cells of a model's row with the page, or writes them.</summary>
    /// <param name="model">The file's name.</param>
    /// <param name="cells">Columns and what was measured.</param>
    public static void Check(string model, params (string Column, string Value)[] cells)
    {
        lock (Gate)
        {
            var lines = File.ReadAllLines(FilePath).ToList();
            var name = Path.GetFileNameWithoutExtension(model);
            var at = lines.FindIndex(line => line.StartsWith($"| {name} |", StringComparison.Ordinal));
            if (Environment.GetEnvironmentVariable("LORABRIDGE_RECORD_SUPPORT") == "1")
                Record(lines, name, at, cells);
            else if (at >= 0)
                Assert.Equal(cells.Select(cell => cell.Value), cells.Select(cell => Cells(lines[at])[Array.IndexOf(Columns, cell.Column)]));
        }
    }

    private static void Record(List<string> lines, string name, int at, (string Column, string Value)[] cells)
    {
        if (at < 0)
        {
            at = lines.FindLastIndex(line => line.StartsWith("| ", StringComparison.Ordinal) && string.CompareOrdinal(Cells(line)[0], name) < 0) + 1;
            at = Math.Max(at, lines.FindIndex(line => line.StartsWith("|---", StringComparison.Ordinal)) + 1);
            lines.Insert(at, $"| {name} |" + string.Concat(Enumerable.Repeat(" |", Columns.Length - 1)));
        }
        var row = Cells(lines[at]);
        foreach (var (column, value) in cells)
            row[Array.IndexOf(Columns, column)] = value;
        lines[at] = $"| {string.Join(" | ", row)} |";
        File.WriteAllText(FilePath, string.Join('\n', lines) + "\n");
    }

    private static string[] Cells(string line) => [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];
}
