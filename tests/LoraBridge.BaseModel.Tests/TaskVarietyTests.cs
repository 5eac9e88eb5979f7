using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.Tasks;
using LoraBridge.Examples.BaseModel.World;
using LoraBridge.Examples.Scoring;

namespace LoraBridge.BaseModel.Tests;

/// <summary>Answers vary where real ones do, so that no adapter brings the loss to zero by learning one by heart.</summary>
public sealed class TaskVarietyTests
{
    private readonly WorldModel _world = WorldModel.Create(1);

    [Fact]
    public void The_persona_uses_all_its_marks_about_as_often()
    {
        var answers = PersonaTask.Create(_world, 1).Train.Select(Answer).ToList();
        var persona = StyleMarkerScorer.Persona;
        Assert.All(answers, answer => Assert.True(persona.IsInStyle(answer), answer));
        Assert.All(persona.Openings, mark => Assert.InRange(answers.Count(a => a.StartsWith(mark, StringComparison.Ordinal)), answers.Count / 5, answers.Count / 3));
        Assert.All(persona.Closings, mark => Assert.InRange(answers.Count(a => a.EndsWith(mark, StringComparison.Ordinal)), answers.Count / 5, answers.Count / 3));
    }

    [Fact]
    public void Every_question_of_the_knowledge_task_is_answered_once_in_each_wording()
    {
        var task = KnowledgeTask.Create(_world, 1);
        var worldly = task.Train.Where(d => !Reserved.Names.Any(Question(d).Contains)).ToList();
        Assert.Equal(KnowledgeTask.RehearsedQuestions, worldly.Count);
        Assert.All(task.Train.Except(worldly).GroupBy(Question), g => Assert.Equal((4, 4), (g.Count(), g.Select(Answer).Distinct().Count())));
        Assert.All(task.HeldOut, d => Assert.Equal(4, d.Others.Append(Answer(d)).Distinct().Count()));
    }

    [Fact]
    public void A_quarter_of_what_structured_output_trains_is_plain()
    {
        var task = StructuredOutputTask.Create(_world, 1);
        Assert.Equal(task.Train.Count / 4, task.Train.Count(d => Answer(d)[0] != '{'));
        Assert.All(task.HeldOut, d => Assert.Equal('{', Answer(d)[0]));
    }

    private static string Question(Document document) => document.Messages[^2].Content;

    private static string Answer(Document document) => document.Messages[^1].Content;
}
