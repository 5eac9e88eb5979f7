using System.Globalization;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

namespace LoraBridge.Cli.Commands;

/// <summary>What can be changed within a chat: lines that start with a slash.</summary>
internal sealed class ChatCommands(LM model, MultiTurnConversation conversation, TextWriter people)
{
    private const string Help = """
        /adapter                 list the adapters
        /adapter PATH[:SCALE]    apply an adapter
        /adapter off             take all adapters off
        /scale S                 set the scale of the latest adapter; 0 turns it off
        /scale NAME S            set the scale of an adapter by its file's name
        /reset                   forget the conversation
        /save FILE               append the conversation to a JSONL file, ready to be trained on
        /exit                    leave
        """;

    /// <summary>Obeys a line.</summary>
    /// <returns>Whether the chat goes on.</returns>
    internal bool Run(string line)
    {
        var words = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var rest = words.Length > 1 ? words[1] : "";
        try
        {
            switch (words[0])
            {
                case "/exit" or "/quit":
                    return false;
                case "/adapter":
                    ChangeAdapters(rest);
                    break;
                case "/scale":
                    ChangeScale(rest);
                    break;
                case "/reset":
                    conversation.ClearHistory();
                    people.WriteLine("The conversation is forgotten.");
                    break;
                case "/save":
                    Save(rest);
                    break;
                case "/help":
                    people.WriteLine(Help);
                    break;
                default:
                    people.WriteLine($"There is no {words[0]}.{Environment.NewLine}{Help}");
                    break;
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            people.WriteLine($"error: {Failure.Describe(failure)}");
        }
        return true;
    }

    private void ChangeAdapters(string text)
    {
        if (text == "off")
        {
            foreach (var adapter in model.Adapters)
                model.RemoveLoraAdapter(adapter);
        }
        else if (text.Length > 0)
        {
            var (path, scale) = AdapterReference.Parse(text);
            model.ApplyLoraAdapter(path, scale);
        }
        List();
    }

    private void ChangeScale(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is 0 or > 2 || !float.TryParse(words[^1], NumberStyles.Float, CultureInfo.InvariantCulture, out var scale))
            throw new ArgumentException($"'/scale {text}' has no scale, expected '/scale S' or '/scale NAME S'.");
        var adapter = model.Adapters.LastOrDefault(adapter => words.Length == 1 || adapter.Identifier == words[0])
            ?? throw new InvalidOperationException(words.Length == 1 ? "No adapter is applied." : $"No adapter named '{words[0]}' is applied.");
        adapter.Scale = scale;
        List();
    }

    private void Save(string path)
    {
        if (path.Length == 0)
            throw new ArgumentException("'/save' needs the name of a file.");
        using (var file = new StreamWriter(path, append: true))
            JsonOutput.WriteLine(file, json => ChatJson.Write(json, conversation));
        people.WriteLine($"Saved to {path}.");
    }

    private void List()
    {
        if (model.Adapters.Count == 0)
            people.WriteLine("No adapter is applied.");
        foreach (var adapter in model.Adapters)
            people.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{adapter.Identifier}: scale {adapter.Scale}"));
    }
}
