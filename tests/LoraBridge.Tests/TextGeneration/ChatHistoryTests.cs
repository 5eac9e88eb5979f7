using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

public class ChatHistoryTests
{
    [Fact]
    public void Turns_keep_their_order_and_role()
    {
        var history = new ChatHistory();
        history.AddSystemMessage("s");
        history.AddUserMessage("u");
        history.AddAssistantMessage("a");
        history.AddMessage("observer", "o");
        history.Add(new ChatMessage(ChatRole.Tool, "t") { Name = "clock" });

        Assert.Equal(["system:s", "user:u", "assistant:a", "observer:o", "tool:t"], history.Select(message => $"{message.Role}:{message.Content}"));
        history.RemoveLast();
        Assert.Equal(4, history.Count);
        Assert.Equal("o", history[3].Content);
        history.Clear();
        history.RemoveLast();
        Assert.Empty(history);
    }

    [Fact]
    public void Nothing_and_blank_roles_are_refused()
    {
        var history = new ChatHistory();
        Assert.Throws<ArgumentException>(() => history.AddMessage(" ", "x"));
        Assert.Throws<ArgumentNullException>(() => history.AddUserMessage(null!));
        Assert.Throws<ArgumentNullException>(() => history.Add(null!));
    }
}
